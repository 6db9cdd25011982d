// Every word of the page in Korean and English, and the language that is in force.

const WORDS = {
  language: ["English", "한국어"],
  link_live: ["{time} 갱신", "Updated {time}"],
  link_lost: ["{seconds}초 동안 응답 없음", "No answer for {seconds} s"],
  banner_lost: [
    "장치가 {seconds}초 동안 응답하지 않습니다. 아래 값은 그 전의 값입니다.",
    "The device has not answered for {seconds} s. What you see below is from before that.",
  ],
  banner_token: ["토큰이 더 이상 맞지 않습니다. 페이지를 새로 여세요.", "The token no longer fits. Load the page anew."],
  no_cameras: [
    "아직 카메라가 없습니다. vision 컴포넌트의 상태는 “컴포넌트” 표에 있습니다.",
    "There is no camera yet. The state of the vision component is in the table “Components”.",
  ],
  no_share: [
    "이 카메라는 지금 영상을 내보내지 않습니다. 연결되면 저절로 나타납니다.",
    "This camera gives no pictures now. They appear by themselves once it is back.",
  ],
  camera_ended: [
    "이 카메라의 영상이 끝까지 재생되어 더 나오지 않습니다.",
    "This camera has ended: its file came to its end, and no more pictures come.",
  ],
  picture_waits: ["영상을 기다리는 중…", "Waiting for the picture…"],
  picture_full: [
    "보는 사람이 이미 {most}명입니다. 한 화면을 닫으면 다시 시도합니다.",
    "{most} viewers are here already. This tries again once one has left.",
  ],
  picture_paused: ["탭이 숨겨져 있어 영상을 멈췄습니다.", "Paused while this tab is hidden."],
  picture_of: ["{camera}의 실시간 영상", "Live picture of {camera}"],
  size: ["영상 크기", "Picture size"],
  pace: ["분석 속도", "Pace"],
  per_second: ["초당 {value}장", "{value} frames/s"],
  per_second_short: ["초당 {value}장", "{value}/s"],
  skipped: ["{value}장 건너뜀", "{value} skipped"],
  provider: ["추론 장치", "Runs on"],
  inference: ["추론 시간", "Inference"],
  inference_value: ["{p50} ms (95%는 {p95} ms 이하)", "{p50} ms (95 % within {p95} ms)"],
  model: ["모델", "Model"],
  scene: ["장면 버전", "Scene version"],
  source: ["카메라 주소", "Source"],
  answer: ["판정", "Answer"],
  zones: ["구역 안 인원·물체", "Inside each zone"],
  lines: ["선을 지난 수", "Crossed each line"],
  zone: ["구역", "Zone"],
  line: ["선", "Line"],
  now: ["지금", "Now"],
  in: ["들어옴", "In"],
  out: ["나감", "Out"],
  none_counted: ["아직 센 것이 없습니다.", "Nothing counted yet."],
  device: ["장치", "Device"],
  cpu_celsius: ["CPU 온도", "CPU temperature"],
  gpu_celsius: ["GPU 온도", "GPU temperature"],
  cpu_percent: ["CPU 사용률", "CPU load"],
  spool: ["전송 대기", "Waiting to be sent"],
  dropped: ["자리가 없어 버린 기록", "Dropped for want of room"],
  records: ["기록 {value}건", "{value} records"],
  clock: ["시계", "Clock"],
  clock_synced: ["맞춰짐", "synchronised"],
  clock_believed: ["시간 서비스 없음, 믿고 씀", "believed, no time service"],
  clock_unsynced: ["맞춰지지 않음", "not synchronised"],
  viewers: ["보는 화면", "Viewers"],
  viewers_value: ["{now} / 최대 {most}", "{now} of at most {most}"],
  unknown: ["알 수 없음", "not known"],
  old: ["{age} 전 값", "{age} old"],
  old_boot: ["재부팅 전의 값", "from before the last boot"],
  seconds: ["{value}초", "{value} s"],
  minutes: ["{value}분", "{value} min"],
  hours: ["{value}시간", "{value} h"],
  components: ["컴포넌트", "Components"],
  component: ["이름", "Name"],
  state: ["상태", "State"],
  no_components: ["상태를 알리는 컴포넌트가 없습니다.", "No component has told its state."],
  camera_old: [
    "vision이 {age} 동안 소식이 없습니다. 아래 값은 그 전의 값입니다.",
    "Vision has been silent for {age}. The figures below are from before that.",
  ],
  camera_untold: [
    "vision이 아직 이 카메라의 상태를 알리지 않았습니다.", "Vision has not told of this camera yet.",
  ],
  state_running: ["실행 중", "Running"],
  state_waiting: ["대기 중", "Waiting"],
  state_failed: ["실패", "Failed"],
  state_silent: ["소식 없음", "Silent"],
  state_untold: ["알린 적 없음", "Has not told"],
  state_ok: ["정상", "OK"],
  state_lost: ["끊김", "Lost"],
  state_frozen: ["멈춘 화면", "Frozen"],
  state_dark: ["어두움", "Dark"],
  state_over_exposed: ["너무 밝음", "Over-exposed"],
  state_covered: ["가려짐", "Covered"],
  state_blurred: ["흐림", "Blurred"],
  state_moved: ["방향 바뀜", "Moved"],
  state_slow: ["느림", "Slow"],
  state_ended: ["끝남", "Ended"],
  state_disabled: ["꺼 둠", "Switched off"],
};

const KEY = "crowdlens-language";
let language = remembered() ?? (navigator.language.startsWith("ko") ? "ko" : "en");

function remembered() {
  const asked = new URLSearchParams(location.search).get("lang");
  if (asked === "ko" || asked === "en") return asked;
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // A browser that keeps nothing asks its own language each time.
  }
}

export const currentLanguage = () => language;

export function switchLanguage() {
  language = language === "ko" ? "en" : "ko";
  try {
    localStorage.setItem(KEY, language);
  } catch {
    // Kept until the page is closed.
  }
}

export function text(key, values = {}) {
  const words = WORDS[key]?.[language === "ko" ? 0 : 1] ?? key;
  return words.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

export const stateText = (state) => (WORDS[`state_${state}`] ? text(`state_${state}`) : String(state));

export const number = (value, digits = 0) =>
  new Intl.NumberFormat(language === "ko" ? "ko-KR" : "en-GB", { maximumFractionDigits: digits }).format(value);

export const clockTime = (moment) =>
  new Intl.DateTimeFormat(language === "ko" ? "ko-KR" : "en-GB", { timeStyle: "medium", hourCycle: "h23" }).format(moment);

export function age(seconds) {
  if (seconds < 120) return text("seconds", { value: number(seconds) });
  if (seconds < 7200) return text("minutes", { value: number(seconds / 60) });
  return text("hours", { value: number(seconds / 3600) });
}

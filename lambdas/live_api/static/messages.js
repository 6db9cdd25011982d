// Every word of the page in Korean and English, and the language that is in force.

import { EDITOR_MESSAGES } from "./messages_editor.js";

const MESSAGES = {
  title: ["CrowdLens 라이브 맵", "CrowdLens live map"],
  skip_list: ["장소 목록으로", "Skip to the list of places"],
  skip_map: ["지도로", "Skip to the map"],
  search: ["장소 검색", "Search places"],
  search_hint: ["이름 두 글자 이상 (초성도 됩니다)", "Two letters or more"],
  search_short: ["두 글자 이상 입력하세요.", "Type two letters or more."],
  search_found: ["‘{query}’ 검색 결과 {count}곳", "{count} found for “{query}”"],
  search_none: ["‘{query}’에 맞는 장소가 없습니다.", "No place matches “{query}”."],
  view: ["보기", "View"],
  view_map: ["지도", "Map"],
  view_list: ["목록", "List"],
  csv: ["CSV 내려받기", "Download CSV"],
  csv_failed: ["CSV를 받지 못했습니다: {reason}", "The CSV could not be had: {reason}"],
  language: ["English", "한국어"],
  language_label: ["Switch to English", "한국어로 바꾸기"],
  places: ["장소", "Places"],
  places_count: ["{count}곳", "{count} places"],
  sort: ["정렬", "Sort by"],
  sort_level: ["혼잡한 순", "Busiest first"],
  sort_count: ["인원 많은 순", "Most people first"],
  sort_name: ["이름순", "Name"],
  map: ["지도", "Map"],
  map_help: [
    "지도: 화살표 키로 이동, + 와 − 로 확대·축소, 0 으로 전체 보기. 같은 장소가 목록에도 있습니다.",
    "Map: arrow keys move, + and − zoom, 0 shows all places. The list holds the same places.",
  ],
  zoom_in: ["확대", "Zoom in"],
  zoom_out: ["축소", "Zoom out"],
  zoom_all: ["모든 장소 보기", "Show all places"],
  legend: ["범례", "Legend"],
  legend_percent: ["평소 대비 %", "% of usual"],
  legend_ring: ["지금 카메라가 보고 있음", "A camera sees it now"],
  level_very_crowded: ["매우 혼잡", "Very crowded"],
  level_crowded: ["혼잡", "Crowded"],
  level_normal: ["보통", "Normal"],
  level_relaxed: ["여유", "Relaxed"],
  level_very_relaxed: ["매우 여유", "Very relaxed"],
  level_unknown: ["비교할 평소 값 없음", "No usual value to compare"],
  level_unknown_short: ["비교 전", "Not compared"],
  level_no_data: ["자료 없음", "No data"],
  state_live: ["실시간", "Live"],
  state_stale: ["갱신 멈춤", "Not updated"],
  state_no_data: ["자료 없음", "No data"],
  state_suspect: ["의심스러운 값", "Doubtful"],
  state_stale_more: [
    "새 값이 오지 않고 있습니다. {time} 기준 값입니다.", "No new figures arrive. These are as of {time}.",
  ],
  state_no_data_more: [
    "이 장소에서 온 값이 없습니다. 사람이 없다는 뜻이 아닙니다.",
    "Nothing has arrived from this place. It does not mean that nobody is there.",
  ],
  state_suspect_more: [
    "카메라 상태가 의심스럽거나 일부 입력만 와서 실제보다 적을 수 있습니다.",
    "A camera is in doubt or only some feeds speak: there may be more people than this.",
  ],
  people: ["명", "people"],
  people_count: ["{count}명", "{count} people"],
  count_now: ["현재 인원", "People now"],
  count_last: ["마지막 인원", "Last count"],
  change: ["5분 전 대비", "Against 5 minutes ago"],
  change_up: ["▲ {count}명 늘음", "▲ {count} more"],
  change_down: ["▼ {count}명 줄음", "▼ {count} fewer"],
  change_none: ["변화 없음", "No change"],
  change_unknown: ["알 수 없음", "Not known"],
  of_usual: ["평소의 {percent}%", "{percent}% of usual"],
  usual: ["평소 대비", "Against usual"],
  usual_history: ["평소 {count}명 (지난 {weeks}주 같은 요일·시각)", "Usual {count} (same hour of the last {weeks} weeks)"],
  usual_manual: ["평소 {count}명 (직접 입력한 값)", "Usual {count} (entered by hand)"],
  usual_none: ["평소 값이 아직 없습니다", "No usual value yet"],
  seen_at: ["기준 시각", "As of"],
  seen_now_short: ["보는 중", "In view"],
  state_stale_at: ["갱신 멈춤 · {time}", "Not updated since {time}"],
  seen_now: ["지금 카메라가 보고 있음", "A camera sees it now"],
  feeds_silent: ["입력 {feeds}개 중 {silent}개가 응답하지 않습니다.", "{silent} of {feeds} feeds are silent."],
  no_feeds: ["연결된 구역이나 드론이 없습니다.", "No zone or drone feeds this place."],
  photo_of: ["{name} 사진", "Photo of {name}"],
  close: ["닫기", "Close"],
  edit: ["수정", "Edit"],
  statistics: ["통계", "Statistics"],
  statistics_loading: ["통계를 불러오는 중…", "Loading statistics…"],
  statistics_failed: ["통계를 불러오지 못했습니다: {reason}", "The statistics could not be had: {reason}"],
  statistics_csv: ["통계 CSV", "Statistics CSV"],
  time_zone: ["시간대: {zone}", "Time zone: {zone}"],
  days: ["최근 5일", "Last five days"],
  hours: ["최근 3시간", "Last three hours"],
  chart_days: ["최근 5일 하루 평균 인원. {rows}", "Mean people per day over the last five days. {rows}"],
  chart_hours: ["최근 3시간 10분별 평균 인원. {rows}", "Mean people per ten minutes over the last three hours. {rows}"],
  chart_legend_mean: ["평균", "Mean"],
  chart_legend_maximum: ["최대", "Maximum"],
  today: ["오늘", "today"],
  day_open: ["{day} (진행 중)", "{day} (not over)"],
  as_table: ["표로 보기", "Show as a table"],
  table_day: ["날짜", "Day"],
  table_time: ["시각", "Time"],
  table_mean: ["평균", "Mean"],
  table_maximum: ["최대", "Maximum"],
  table_minutes: ["자료 있는 분", "Minutes with data"],
  cluster: ["{count}곳", "{count} places"],
  cluster_label: ["{count}곳, 가장 혼잡한 곳 {level}. 눌러서 펼치기", "{count} places, the busiest {level}. Press to open"],
  loading: ["불러오는 중…", "Loading…"],
  empty: ["아직 장소가 없습니다.", "There are no places yet."],
  empty_edit: ["첫 장소를 추가하세요.", "Add the first one."],
  as_of: ["{time} 기준", "As of {time}"],
  as_of_none: ["받은 자료 없음", "No data received"],
  away: ["서버가 응답하지 않습니다.", "The server does not answer."],
  away_figures: ["표시된 값은 {time}에 받은 것입니다.", "The figures shown were received at {time}."],
  away_nothing: ["아직 받은 값이 없습니다.", "Nothing has been received yet."],
  away_again: ["{seconds}초 후 다시 시도합니다.", "Trying again in {seconds} s."],
  away_trying: ["다시 시도하는 중…", "Trying again…"],
  try_now: ["지금 시도", "Try now"],
  back: ["서버와 다시 연결되었습니다.", "The server answers again."],
  forbidden: ["이 지도를 볼 권한이 없습니다.", "You may not see this map."],
  too_slow: ["응답이 없습니다", "no answer in time"],
  unreachable: ["연결할 수 없습니다", "it cannot be reached"],
  status: ["오류 {status}", "error {status}"],
  sign_in: ["로그인", "Sign in"],
  sign_in_why: ["지도를 보려면 로그인하세요.", "Sign in to see the map."],
  sign_in_failed: ["로그인하지 못했습니다: {reason}", "You could not be signed in: {reason}"],
  sign_in_state: ["요청과 응답이 맞지 않습니다. 다시 시도하세요.", "the answer does not belong to the request; try again"],
  sign_in_config: ["config.json의 로그인 설정이 잘못되었습니다.", "config.json does not say how to sign in"],
  sign_out: ["로그아웃", "Sign out"],
  level_changed: ["{name}: {level}, {count}", "{name}: {level}, {count}"],
  outline_source: ["해안선: Natural Earth", "Outline: Natural Earth"],
  ...EDITOR_MESSAGES,
};

const LANGUAGES = ["ko", "en"];
const KEY = "crowdlens.language";
const listeners = [];

function remembered() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // the browser keeps nothing for this page
  }
}

function wanted() {
  const own = remembered();
  if (LANGUAGES.includes(own)) return own;
  return (navigator.languages?.[0] ?? navigator.language ?? "en").toLowerCase().startsWith("ko") ? "ko" : "en";
}

let language = wanted();
export const currentLanguage = () => language;
export const onLanguage = (listener) => listeners.push(listener);

export function useLanguage(name) {
  language = name;
  try {
    localStorage.setItem(KEY, name);
  } catch {
    // It holds for this visit only.
  }
  for (const listener of listeners) listener();
}

export function text(key, values = {}) {
  const words = MESSAGES[key]?.[LANGUAGES.indexOf(language)];
  if (words === undefined) throw new Error(`no message ${key}`);
  return words.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

// The other language comes second: a place that has only one name is still named.
export const placeName = (place) => (language === "en" && place.name_en) || place.name;
export const otherName = (place) => (language === "en" ? place.name_en && place.name : place.name_en) || null;

// Everything the page says, in English and Korean.

const ENGLISH = {
  title: "scene", save: "Save", saved: "Saved to {path}.", kept: "The file before it is kept as {backup}.",
  other_language: "한국어", tools: "Drawing tools", canvas: "Frame to draw on",
  tool_select: "Select and move", tool_zone: "Zone", tool_line: "Line", tool_ground: "Ground point",
  undo: "Undo", redo: "Redo", another_frame: "Another frame", finish: "Finish", cancel: "Cancel",
  zones: "Zones", lines: "Lines", ground: "Ground points", scene: "Scene",
  no_zones: "None yet. A zone counts who is inside: choose “Zone” and click its corners.",
  no_lines: "None yet. A line counts who crosses it and which way: choose “Line” and click its points.",
  no_ground: "None. Four or more points with their place in metres give speed in m/s.",
  name: "Name", area: "Area on the ground, m²", optional: "optional", remove: "Delete", reverse: "Reverse direction",
  points: "Points ({count})", point: "Point {number}", remove_point: "Delete point {number}", events: "Events",
  threshold: "from", minimum_seconds: "for, seconds", hysteresis: "ends lower by",
  crowding: "Crowding (objects inside)", running: "Running (m/s)", loitering: "Loitering (seconds)",
  restricted: "Nobody allowed (objects inside)", stopped: "Standing still (seconds)",
  wrong_direction: "Wrong direction (degrees off)", wrong_side: "Wrong side of a way (seconds)",
  rule_classes: "only these classes", allowed: "right way: degrees, in or out", line: "line (its name)",
  keep: "keep right or left", all: "all",
  site: "Site", camera: "Camera", time_zone: "Time zone", classes: "Classes to count, separated by commas",
  world_x: "x, metres", world_y: "y, metres", ground_point: "Ground point {number}", in: "in",
  show_grid: "Show the metre grid", grid_step: "One square is {step} m.",
  residual: "{pairs} points fit to {metres} m.", residual_unknown: "Four points fit exactly whatever they are; a fifth shows how good they are.",
  zone_fact: "{share} % of the frame", line_fact: "{direction} counts as “in”", line_varies: "The arrows show what counts as “in”; it differs along the line.",
  hint_select: "Click a shape to select it. Drag points or the shape; the small dots add a point. Delete removes what is selected.",
  hint_zone: "Click the corners one after the other.",
  hint_zone_more: "Close the zone by clicking its first point, by double-click or Enter. Ctrl+Z takes a point back, Esc all.",
  hint_line: "Click where the line begins, then every further point.",
  hint_line_more: "Finish the line by double-click or Enter. Ctrl+Z takes a point back, Esc all.",
  hint_ground: "Click a point on the ground whose place you measured, then type its metres.",
  frame_of: "frame {index} of {frames}", frame_at: "frame {index}", at_second: "{seconds} s", live: "live",
  new_zone: "zone-{number}", new_line: "line-{number}", server_gone: "The editor was ended where it was started: nothing is saved from here on.",
  problems: "{count} to mend before it can be saved", first_draw: "Draw a zone or a line first.", unsaved: "Not saved yet",
  left_to_right: "Left to right", upper_left_to_lower_right: "Upper left to lower right",
  top_to_bottom: "Top to bottom", upper_right_to_lower_left: "Upper right to lower left",
  right_to_left: "Right to left", lower_right_to_upper_left: "Lower right to upper left",
  bottom_to_top: "Bottom to top", lower_left_to_upper_right: "Lower left to upper right",
};

const KOREAN = {
  title: "장면", save: "저장", saved: "{path}에 저장했습니다.", kept: "이전 파일은 {backup}로 남겨 두었습니다.",
  other_language: "English", tools: "그리기 도구", canvas: "그림을 그릴 화면",
  tool_select: "선택·이동", tool_zone: "구역", tool_line: "선", tool_ground: "지면 점",
  undo: "되돌리기", redo: "다시 하기", another_frame: "다른 화면", finish: "완성", cancel: "취소",
  zones: "구역", lines: "선", ground: "지면 점", scene: "장면 정보",
  no_zones: "아직 없습니다. 구역은 안에 있는 수를 셉니다. ‘구역’을 고르고 모서리를 차례로 누르세요.",
  no_lines: "아직 없습니다. 선은 건너는 수와 방향을 셉니다. ‘선’을 고르고 점을 차례로 누르세요.",
  no_ground: "없습니다. 미터 위치를 아는 점이 네 개 이상이면 속도를 m/s로 잽니다.",
  name: "이름", area: "실제 넓이, m²", optional: "선택 사항", remove: "삭제", reverse: "방향 뒤집기",
  points: "점 ({count}개)", point: "점 {number}", remove_point: "점 {number} 삭제", events: "이벤트",
  threshold: "기준값", minimum_seconds: "최소 지속, 초", hysteresis: "끝나는 여유폭",
  crowding: "혼잡 (안에 있는 수)", running: "뛰기 (m/s)", loitering: "배회 (초)",
  restricted: "출입 금지 (안에 있는 수)", stopped: "정지 (초)",
  wrong_direction: "역방향 (어긋난 각도)", wrong_side: "통행 방향 위반 (초)",
  rule_classes: "이 종류만", allowed: "바른 방향: 각도, in, out", line: "선 이름", keep: "right 또는 left 통행", all: "모두",
  site: "현장", camera: "카메라", time_zone: "시간대", classes: "셀 종류, 쉼표로 구분",
  world_x: "x, 미터", world_y: "y, 미터", ground_point: "지면 점 {number}", in: "들어옴",
  show_grid: "미터 격자 보기", grid_step: "한 칸은 {step} m입니다.",
  residual: "점 {pairs}개의 오차는 {metres} m입니다.", residual_unknown: "점 네 개는 언제나 꼭 맞습니다. 다섯째 점이 있어야 정확도를 알 수 있습니다.",
  zone_fact: "화면의 {share} %", line_fact: "{direction} 건너면 ‘들어옴’", line_varies: "화살표 쪽이 ‘들어옴’입니다. 선을 따라 방향이 달라집니다.",
  hint_select: "도형을 눌러 선택하세요. 점이나 도형을 끌어 옮기고, 작은 점을 끌면 점이 늘어납니다. Delete로 지웁니다.",
  hint_zone: "모서리를 차례로 누르세요.",
  hint_zone_more: "첫 점을 누르거나 두 번 누르거나 Enter를 누르면 닫힙니다. Ctrl+Z는 한 점, Esc는 모두 취소합니다.",
  hint_line: "선이 시작되는 곳을 누르고 이어서 다음 점을 누르세요.",
  hint_line_more: "두 번 누르거나 Enter를 누르면 끝납니다. Ctrl+Z는 한 점, Esc는 모두 취소합니다.",
  hint_ground: "위치를 잰 지면의 점을 누르고 미터 값을 입력하세요.",
  frame_of: "{frames}개 중 {index}번째 화면", frame_at: "{index}번째 화면", at_second: "{seconds}초", live: "실시간",
  new_zone: "구역-{number}", new_line: "선-{number}", server_gone: "편집기가 종료되었습니다. 이제부터는 저장되지 않습니다.",
  problems: "저장하려면 {count}가지를 고쳐야 합니다", first_draw: "먼저 구역이나 선을 그리세요.", unsaved: "저장되지 않음",
  left_to_right: "왼쪽에서 오른쪽으로", upper_left_to_lower_right: "왼쪽 위에서 오른쪽 아래로",
  top_to_bottom: "위에서 아래로", upper_right_to_lower_left: "오른쪽 위에서 왼쪽 아래로",
  right_to_left: "오른쪽에서 왼쪽으로", lower_right_to_upper_left: "오른쪽 아래에서 왼쪽 위로",
  bottom_to_top: "아래에서 위로", lower_left_to_upper_right: "왼쪽 아래에서 오른쪽 위로",
  line_at_edge: "화면 가장자리에 너무 가깝습니다. 사람이 다 건너기 전에 사라지므로 안쪽에 그리세요.",
  short_line: "선이 너무 짧습니다. 끝을 비켜 지나가는 사람은 세지 못합니다.",
  small_zone: "구역이 화면의 0.5 %보다 작습니다. 몇 픽셀만 어긋나도 밖으로 셉니다.",
  zones_overlap: "‘{other}’ 구역과 겹칩니다. 겹친 곳의 사람은 양쪽에서 셉니다.",
};

const KEY = "crowdlens-language";
const DICTIONARIES = { en: ENGLISH, ko: KOREAN };
let language = localStorage.getItem(KEY) || ((navigator.language || "").startsWith("ko") ? "ko" : "en");

export const currentLanguage = () => language;

export function toggleLanguage() {
  language = language === "ko" ? "en" : "ko";
  localStorage.setItem(KEY, language);
}

export function text(key, values = {}) {
  const template = DICTIONARIES[language][key] ?? ENGLISH[key] ?? key;
  return template.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

// A warning of the server in the language of the page; its own English sentence when there is no other.
export function warningText(warning) {
  return language === "en" ? warning.sentence : DICTIONARIES[language][warning.kind]
    ? text(warning.kind, warning.values) : warning.sentence;
}

// Puts the words into every marked element of the page.
export function writeTexts(root = document) {
  document.documentElement.lang = language;
  for (const element of root.querySelectorAll("[data-text]")) element.textContent = text(element.dataset.text);
  for (const element of root.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", text(element.dataset.label));
  }
  for (const element of root.querySelectorAll("[data-hint]")) element.title = element.dataset.hint;
}

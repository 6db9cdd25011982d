// Makes elements; values are set as text, never as markup, so that a name like `<img onerror>` stays a name.

export const byId = (id) => document.getElementById(id);

export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat(2).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// Writes only what changed: a screen reader says a text anew when it is set anew.
export function setText(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

// Replaces what an element holds only where it differs, so that marked text stays marked, and a button focused.
export function setChildren(element, ...children) {
  const made = el("div", {}, ...children);
  if (made.innerHTML === element.innerHTML) return;
  const focused = [...element.querySelectorAll("button")].indexOf(document.activeElement);
  element.replaceChildren(...made.childNodes);
  if (focused >= 0) element.querySelectorAll("button")[focused]?.focus();
}

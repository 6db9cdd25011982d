// A question with two answers, as a modal dialog that the keyboard and screen readers know.

import { el } from "./dom.js";

export function ask(words, yes, no) {
  return new Promise((resolve) => {
    const answer = (value) => () => dialog.close(value);
    const dialog = el("dialog", { "aria-label": words }, el("p", {}, words), el("div", { class: "foot" },
      el("button", { type: "button", onclick: answer("no") }, no),
      el("button", { type: "button", class: "danger", onclick: answer("yes") }, yes)));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

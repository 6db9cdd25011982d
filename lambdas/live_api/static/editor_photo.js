// The photo of the place that is edited: chosen, looked at, taken away.

import { blob } from "./api.js";
import { el } from "./dom.js";
import { field, showFaults } from "./editor_fields.js";
import { tenth } from "./format.js";
import { placeName, text } from "./messages.js";

const TYPES = ["image/jpeg", "image/png", "image/webp"];
const MAXIMUM_BYTES = 1024 * 1024;

export class EditorPhoto {
  constructor(place, changed) {
    Object.assign(this, { place, changed, file: null, removed: false, address: null });
    this.image = el("img", { class: "preview", alt: place ? text("photo_of", { name: placeName(place) }) : text("field_photo"), hidden: true });
    this.input = el("input", { type: "file", accept: TYPES.join(","), onchange: () => this.choose() });
    this.removeButton = el("button", { type: "button", hidden: true, onclick: () => this.remove() }, text("photo_remove"));
    this.holder = el("div", {}, field("photo", text("field_photo"), this.input, { help: text("field_photo_help") }),
      this.image, this.removeButton);
    // Without the picture of before, another one can still be chosen.
    if (place?.photo) blob(place.photo).then((file) => this.show(file)).catch(() => { this.removeButton.hidden = false; });
  }

  choose() {
    const [file] = this.input.files;
    if (!file) return;
    const fault = !TYPES.includes(file.type) ? text("photo_type")
      : file.size > MAXIMUM_BYTES ? text("photo_large", { size: tenth(file.size / MAXIMUM_BYTES) }) : null;
    showFaults(this.holder, fault ? { photo: fault } : {});
    if (fault) {
      this.input.value = "";
      return;
    }
    Object.assign(this, { file, removed: false });
    this.changed();
    this.show(file);
  }

  show(file) {
    this.forget();
    this.address = URL.createObjectURL(file);
    this.image.src = this.address;
    this.image.hidden = false;
    this.removeButton.hidden = false;
  }

  remove() {
    Object.assign(this, { file: null, removed: Boolean(this.place?.photo) });
    this.input.value = "";
    this.image.hidden = true;
    this.removeButton.hidden = true;
    this.forget();
    this.changed();
  }

  forget() {
    if (this.address) URL.revokeObjectURL(this.address);
    this.address = null;
  }
}

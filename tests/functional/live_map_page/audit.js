// Checks in the manner of axe, on what is seen: each gives the elements that fail it.
(() => {
  const seen = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const all = (selector) => [...document.querySelectorAll(selector)].filter(seen);
  const shown = (element) => element.outerHTML.slice(0, 120);
  const texts = (ids) => (ids ?? "").split(" ").map((id) => document.getElementById(id)?.textContent ?? "");

  const nameless = () => all("button, a[href], input, select, textarea, img, [role=img], section, aside")
    .filter((element) => ![
      element.getAttribute("aria-label"), ...texts(element.getAttribute("aria-labelledby")),
      ...[...(element.labels ?? [])].map((label) => label.textContent), element.getAttribute("alt"),
      element.matches("button, a") ? element.textContent : "",
    ].join("").trim()).map(shown);

  const twice = () => {
    const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
    return ids.filter((id, index) => ids.indexOf(id) !== index);
  };

  const dangling = () => all("[aria-labelledby], [for]").flatMap((element) =>
    ["aria-labelledby", "for"].flatMap((name) => (element.getAttribute(name) ?? "").split(" ").filter(Boolean)))
    .filter((id) => !document.getElementById(id));

  const small = () => all("button, select, summary, input").filter((element) => !element.closest(".skip, .checks"))
    .filter((element) => {
      const box = element.getBoundingClientRect();
      return box.height < 24 || box.width < 24;
    }).map(shown);

  const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    probe.clearRect(0, 0, 1, 1);
    probe.fillStyle = colour;
    probe.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = probe.getImageData(0, 0, 1, 1).data;
    return [red, green, blue, alpha / 255];
  };
  const linear = (part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4);
  const light = ([red, green, blue]) => 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  const over = (top, under) => [0, 1, 2].map((part) => top[part] * top[3] + under[part] * (1 - top[3]));
  const ground = (element) => {
    if (!element) return rgba(getComputedStyle(document.body).backgroundColor);
    const own = rgba(getComputedStyle(element).backgroundColor);
    return own[3] === 1 ? own : over(own, ground(element.parentElement));
  };
  const ratio = (one, other) => {
    const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };

  const faint = () => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) {
      const words = walker.currentNode.textContent.trim();
      const element = walker.currentNode.parentElement;
      // Names on the map have a halo of the map's own colour in place of a ground.
      if (!words || !seen(element) || element.closest(".spoken, .skip, noscript, svg, .label, :disabled")) continue;
      const style = getComputedStyle(element);
      const size = parseFloat(style.fontSize);
      const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      const under = ground(element);
      const contrast = ratio(over(rgba(style.color), under), under);
      if (contrast < (large ? 3 : 4.5)) found.push(`${words} ${contrast.toFixed(2)} ${element.className}`);
    }
    for (const icon of all(".level-icon:has(path)")) {
      const [shape, number] = ["path", "text"].map((part) => rgba(getComputedStyle(icon.querySelector(part)).fill));
      if (ratio(shape, number) < 4.5) found.push(`${icon.className.baseVal} ${ratio(shape, number).toFixed(2)}`);
    }
    return found;
  };

  const found = Object.entries({ nameless, twice, dangling, small, faint }).map(([name, check]) => [name, check()]);
  return Object.fromEntries(found.filter(([, elements]) => elements.length));
})()

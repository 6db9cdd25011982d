"use strict";
// Draws every chart of the page from the JSON beside it, in the size its box has now and after each resize.
(function () {
  const narrow = window.matchMedia("(max-width: 900px)");
  const configuration = { displayModeBar: false, responsive: true };
  function layoutFor(layout) {
    const copy = JSON.parse(JSON.stringify(layout));
    if (narrow.matches) {
      // A finger that scrolls the page must not zoom a chart on its way.
      copy.dragmode = false;
      copy.font.size = 12;
      if (copy.xaxis.type === "date") {
        copy.xaxis.nticks = 4;
        copy.xaxis.tickangle = 0;
      } else {
        delete copy.xaxis.tickangle;
      }
    }
    return copy;
  }
  // A chart that is not shown has no size: it is drawn when its dashboard is.
  function drawWithin(part) {
    for (const box of part.querySelectorAll(".chart:not([data-drawn])")) {
      const figure = JSON.parse(document.getElementById(box.id + "-data").textContent);
      box.dataset.drawn = "";
      Plotly.newPlot(box, figure.data, layoutFor(figure.layout), configuration);
    }
  }
  const dashboards = [...document.querySelectorAll(".dashboard")];
  function showNamed() {
    const named = location.hash && document.getElementById(location.hash.slice(1));
    const shown = (named && named.closest(".dashboard")) || dashboards[0];
    for (const dashboard of dashboards) dashboard.hidden = dashboard !== shown;
    for (const link of document.querySelectorAll(".jump a")) {
      if (link.hash === "#" + shown.id) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    drawWithin(shown);
    if (named) named.scrollIntoView();
  }
  if (dashboards.length) {
    showNamed();
    window.addEventListener("hashchange", showNamed);
    window.addEventListener("beforeprint", () => {
      for (const dashboard of dashboards) dashboard.hidden = false;
      drawWithin(document);
    });
    window.addEventListener("afterprint", showNamed);
  } else {
    drawWithin(document);
  }
})();

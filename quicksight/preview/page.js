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
  for (const box of document.querySelectorAll(".chart")) {
    const figure = JSON.parse(document.getElementById(box.id + "-data").textContent);
    Plotly.newPlot(box, figure.data, layoutFor(figure.layout), configuration);
  }
})();

"use strict";
(() => {
  const value = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.v === undefined ? cell.textContent : Number(cell.dataset.v);
  };
  const order = (a, b) => {
    if (typeof a === typeof b) {
      return typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true });
    }
    return typeof a === "number" ? -1 : 1;
  };
  const sort = (header) => {
    const table = header.closest("table");
    const descends = header.getAttribute("aria-sort") === "ascending";
    for (const other of header.parentNode.cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", descends ? "descending" : "ascending");
    const column = header.cellIndex, body = table.tBodies[0];
    const rows = Array.from(body.rows, (row) => [value(row, column), row]);
    const sign = descends ? -1 : 1;
    rows.sort((a, b) => {
      const aIs = a[0] !== "-", bIs = b[0] !== "-";
      return aIs && bIs ? sign * order(a[0], b[0]) : bIs - aIs;
    });
    body.append(...rows.map(([, row]) => row));
  };
  const copy = (button) => {
    const table = document.getElementById(button.dataset.table);
    const selection = getSelection(), range = document.createRange();
    range.selectNode(table);
    selection.removeAllRanges();
    selection.addRange(range);
    const done = document.execCommand("copy");
    selection.removeAllRanges();
    button.textContent = done ? "copied" : "select it, and copy";
  };
  // A chart is drawn when it is about to be seen: a page of many opens at once.
  const draw = (place) => {
    if (place.dataset.state) return;
    place.dataset.state = "begun";
    const item = JSON.parse(document.getElementById(place.id.replace("chart", "item")).textContent);
    Bokeh.embed.embed_item(item, place.id).then(() => { place.dataset.state = "drawn"; });
  };
  const places = document.querySelectorAll(".chart");
  const watch = new IntersectionObserver((seen) => {
    for (const one of seen) if (one.isIntersecting) { watch.unobserve(one.target); draw(one.target); }
  }, { rootMargin: "200px" });
  places.forEach((place) => watch.observe(place));
  addEventListener("beforeprint", () => places.forEach(draw));
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button && button.closest("thead")) sort(button.closest("th"));
    else if (button && button.dataset.table) copy(button);
  });
})();

document.querySelectorAll("th.sort").forEach(function (head) {
  head.addEventListener("click", function () {
    var table = head.closest("table"), body = table.tBodies[0], at = head.cellIndex, up = head.dataset.up === "1";
    head.dataset.up = up ? "" : "1";
    function value(row) { var c = row.cells[at]; return c.dataset.v === undefined ? c.textContent : Number(c.dataset.v); }
    Array.from(body.rows).sort(function (a, b) {
      var x = value(a), y = value(b), order = typeof x === "number" ? y - x : x.localeCompare(y);
      return up ? -order : order;
    }).forEach(function (row) { body.appendChild(row); });
  });
});
document.querySelectorAll("[data-l]").forEach(function (item) {
  function light(on) {
    document.body.classList.toggle("dim", on);
    document.querySelectorAll("[data-l]").forEach(function (other) {
      other.classList.toggle("lit", on ? other.dataset.l === item.dataset.l : false);
    });
  }
  item.addEventListener("mouseenter", function () { light(true); });
  item.addEventListener("mouseleave", function () { light(false); });
});

// The guide's theme, as the reader chose it in the app; how many methods are shown; and a box to search them.
(function () {
  "use strict";
  var theme = null;
  try { theme = localStorage.getItem("paretoscope-theme"); } catch (e) { /* no storage: as the system */ }
  var dark = theme === "dark" || (theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";

  document.addEventListener("DOMContentLoaded", function () {
    var form = document.querySelector(".filters");
    if (!form) return;
    var rows = Array.from(document.querySelectorAll("tbody tr"));
    var count = document.querySelector(".count");
    var none = document.querySelector(".none");
    var label = document.createElement("label");
    label.className = "search";
    var box = document.createElement("input");
    box.type = "search";
    box.placeholder = "Name, author, year or words";
    box.setAttribute("aria-label", "Search the methods");
    label.append(box);
    form.prepend(label);
    function refresh() {
      var words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
      rows.forEach(function (row) {
        var text = row.textContent.toLowerCase();
        row.hidden = !words.every(function (word) { return text.includes(word); });
      });
      var shown = rows.filter(function (row) { return getComputedStyle(row).display !== "none"; }).length;
      count.dataset.count = shown + " of " + rows.length;
      none.style.display = shown ? "none" : "block";
    }
    form.addEventListener("submit", function (event) { event.preventDefault(); });
    form.addEventListener("input", refresh);
    refresh();
    // The browser looked for the row before it was laid out.
    var named = location.hash && document.getElementById(location.hash.slice(1));
    if (named) {
      named.scrollIntoView();
      var fold = named.querySelector("details");
      if (fold) fold.open = true;
    }
  });
})();

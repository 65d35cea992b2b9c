// What must work when nothing else does: theme before the first paint, and a sentence for every way
// in which the program cannot start or stops. External because the policy forbids inline scripts.
(function () {
  "use strict";
  var root = document.documentElement;

  function stored(key) {
    try { return localStorage.getItem(key); } catch (e) { return null; }
  }

  // A chat or mail program may have turned the `#` of a link into `%23`.
  var mangled = location.pathname.indexOf("%23");
  if (mangled >= 0) {
    location.replace(location.pathname.slice(0, mangled) + "#" + location.pathname.slice(mangled + 3));
    return;
  }

  var named = /[#&]theme=(light|dark)/.exec(location.hash);
  var theme = named ? named[1] : stored("paretoscope-theme");
  var dark = theme === "dark" || (theme !== "light" && window.matchMedia && matchMedia("(prefers-color-scheme: dark)").matches);
  root.dataset.theme = dark ? "dark" : "light";

  var shown = false;
  function element(tag, name, text) {
    var e = document.createElement(tag);
    if (name) e.className = name;
    if (text) e.textContent = text;
    return e;
  }

  // Title, sentences, and a detail for a bug report.
  function crash(title, sentences, detail) {
    if (shown) return;
    shown = true;
    function show() {
      var veil = element("div", "crash");
      var card = element("section", "msg");
      card.setAttribute("role", "alert");
      card.setAttribute("data-testid", "error");
      card.append(element("h2", "", title));
      sentences.forEach(function (s) { card.append(element("p", "soft", s)); });
      if (detail) card.append(element("code", "", detail));
      var row = element("div", "row");
      var again = element("button", "btn fill", "Reload, keep the link");
      again.type = "button";
      again.addEventListener("click", function () { location.reload(); });
      var fresh = element("a", "btn line", "Open the default experiment");
      fresh.href = "./";
      fresh.addEventListener("click", function (e) {
        e.preventDefault();
        location.replace(location.pathname);
        if (location.hash) location.reload();
      });
      row.append(again, fresh);
      card.append(row);
      veil.append(card);
      document.body.append(veil);
      again.focus();
    }
    if (document.body) show(); else addEventListener("DOMContentLoaded", show);
  }
  window.paretoscopeCrash = function (detail) {
    crash("The page stopped.", [
      "A part of the page met a case it did not expect. The link in the address still holds your experiment; reloading runs it again.",
    ], detail);
  };

  if (typeof WebAssembly !== "object") {
    crash("This browser runs no WebAssembly.", [
      "Paretoscope trains its networks in WebAssembly. Private modes and strict security settings switch it off; allow it for this site, or open the link in a current Firefox, Chrome, Edge or Safari.",
    ]);
    return;
  }
  // (func (result v128) i32.const 0 i8x16.splat i8x16.popcnt)
  var simd = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11]);
  if (!WebAssembly.validate(simd)) {
    crash("This browser’s WebAssembly has no SIMD.", [
      "Paretoscope’s arithmetic needs it. Browsers have had it since 2021 (Safari since 2023); update this one and open the link again.",
    ]);
    return;
  }

  function failedStart(reason) {
    crash("The page’s program did not start.", [
      "A file could not be loaded or was cut off. Check the connection and reload; the link is kept.",
    ], String((reason && reason.message) || reason));
  }

  addEventListener("error", function (event) {
    var error = event.error;
    if (error && typeof WebAssembly.RuntimeError === "function" && error instanceof WebAssembly.RuntimeError) {
      window.paretoscopeCrash(String(error.message || error));
    } else if (event.target && event.target.tagName === "SCRIPT") {
      crash("The page’s program did not arrive.", [
        "A file could not be loaded. Check the connection and reload; the link is kept.",
      ], event.target.src);
    } else if (error && !root.dataset.running) {
      failedStart(error);
    }
  }, true);
  addEventListener("unhandledrejection", function (event) {
    var reason = event.reason;
    if (root.dataset.running) {
      if (reason instanceof WebAssembly.RuntimeError) window.paretoscopeCrash(String(reason.message));
      return;
    }
    failedStart(reason);
  });
})();

// Keeps an open page current. Everything is on the page without this; only parts that changed are touched.
(function () {
  "use strict";
  if (!("EventSource" in window)) return;
  var mode = document.getElementById("mode");
  var said = document.getElementById("said");
  var headlines = function (from) {
    return Array.prototype.map.call(from.querySelectorAll(".headline"), function (it) { return it.textContent; }).join(". ");
  };
  var last = headlines(document);
  var take = function (event) {
    var fresh = new DOMParser().parseFromString(event.data, "text/html");
    Array.prototype.forEach.call(fresh.querySelectorAll("[data-live]"), function (part) {
      var here = document.getElementById(part.id);
      if (!here) { location.reload(); return; }
      if (here.innerHTML !== part.innerHTML) here.replaceChildren.apply(here, Array.from(part.childNodes));
    });
    var now = headlines(document);
    if (now !== last) {
      said.textContent = now;
      document.title = fresh.title || document.title;
      last = now;
    }
  };
  var stream = new EventSource("/events");
  stream.addEventListener("picture", take);
  stream.onopen = function () { mode.textContent = "· kept current"; };
  stream.onerror = function () { mode.textContent = "· connection lost, trying again"; };
})();

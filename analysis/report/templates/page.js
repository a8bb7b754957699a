// The navigation follows the reader; a link to a folded section opens it; on paper everything is open.
(function () {
  "use strict";

  const links = Array.from(document.querySelectorAll("nav a"));
  const chapters = links.map((link) => document.getElementById(link.hash.slice(1)));

  function follow() {
    const line = window.innerHeight / 3;
    const isAtEnd = window.innerHeight + window.scrollY >= document.documentElement.scrollHeight - 2;
    const passed = chapters.filter((chapter) => chapter.getBoundingClientRect().top <= line).length;
    const current = isAtEnd ? links.length - 1 : Math.max(passed - 1, 0);
    links.forEach((link, place) => {
      if (place === current) link.setAttribute("aria-current", "location");
      else link.removeAttribute("aria-current");
    });
  }

  function unfold() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    const inside = target.closest("details");
    if (inside && !inside.open) {
      inside.open = true;
      target.scrollIntoView();
    }
  }

  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = Array.from(document.querySelectorAll("details:not([open])"));
    for (const part of closed) part.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const part of closed) part.open = false;
  });
  window.addEventListener("hashchange", unfold);
  window.addEventListener("scroll", () => window.requestAnimationFrame(follow), { passive: true });
  window.addEventListener("resize", follow);
  unfold();
  follow();
})();

// Brings in what is new every two seconds. The page itself stays, so scroll position, selection and open rows do too.
"use strict";

const live = document.getElementById("live");

async function refresh() {
  try {
    if (document.hidden || String(getSelection())) return;
    const answer = await fetch(`/overview${location.search}`, { signal: AbortSignal.timeout(5000) });
    if (!answer.ok) return;
    const next = document.createElement("main");
    next.innerHTML = await answer.text();
    if (next.textContent === live.dataset.text) return;
    live.dataset.text = next.textContent;

    // An open row is kept as it is: a mail being read must not load again.
    for (const open of live.querySelectorAll("details[open][id]")) {
      next.querySelector(`#${CSS.escape(open.id)}`)?.replaceWith(open);
    }
    const focused = document.activeElement?.id;
    const top = scrollY;
    live.replaceChildren(...next.childNodes);
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    scrollTo({ top, behavior: "instant" });
    live.classList.remove("stale");
  } catch {
    live.classList.add("stale");
  } finally {
    setTimeout(refresh, 2000);
  }
}

setTimeout(refresh, 2000);

// Brings in what is new every two seconds, section by section. What did not change is not touched: not the scroll position, not
// an open row, not a mail that is being read.
"use strict";

const live = document.getElementById("live");
const keyOf = section => section.getAttribute("aria-labelledby");
const seen = new Map([...live.children].map(section => [keyOf(section), section.innerHTML]));

function update(section) {
  const key = keyOf(section);
  if (seen.get(key) === section.innerHTML) return;
  seen.set(key, section.innerHTML);

  const old = live.querySelector(`[aria-labelledby="${key}"]`);
  for (const open of old.querySelectorAll("details[open][id]")) {
    section.querySelector(`#${CSS.escape(open.id)}`)?.setAttribute("open", "");
  }
  const focused = old.contains(document.activeElement) ? document.activeElement.closest("[id]")?.id : null;
  const top = scrollY;
  old.replaceWith(section);
  if (focused) document.querySelector(`#${CSS.escape(focused)} summary`)?.focus({ preventScroll: true });
  scrollTo({ top, behavior: "instant" });
}

async function refresh() {
  try {
    if (document.hidden || String(getSelection())) return;
    const answer = await fetch(`/overview${location.search}`, { signal: AbortSignal.timeout(5000) });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const next = document.createElement("main");
    next.innerHTML = await answer.text();
    [...next.children].forEach(update);
    live.classList.remove("stale");
  } catch {
    live.classList.add("stale");
  } finally {
    setTimeout(refresh, 2000);
  }
}

setTimeout(refresh, 2000);

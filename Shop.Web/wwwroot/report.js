// What only this browser can see goes into the order's timeline: a few facts of a closed list, and nothing that was typed.
const most = 5;
let sent = 0;

const order = () => location.pathname.match(/^\/orders\/(\d+)$/)?.[1];

const address = () => order() ? `/orders/${order()}/events` : location.pathname.startsWith('/checkout') ? '/checkout/events' : null;

function report(kind, words) {
  if (!address() || ++sent > most)
    return;
  const facts = new URLSearchParams({ kind });
  if (words)
    facts.set('detail', String(words).slice(0, 200));
  navigator.sendBeacon(address(), facts);
}

document.addEventListener('report', event => report(event.detail.kind, event.detail.words));

// A script of ours that fails, on whichever page, is an error of ours; extensions have errors of their own.
let failures = 0;

function scriptFailed(error, words, place) {
  const ours = String(error?.stack ?? '').split('\n').filter(line => line.includes(location.origin)).map(line => line.replaceAll(location.origin, ''));
  if (ours.length === 0 && place)
    ours.push(`at ${place}:1`);
  if (ours.length === 0 || ++failures > most)
    return;
  navigator.sendBeacon('/script-errors', new URLSearchParams({
    type: error?.name ?? 'Error', message: String(words).slice(0, 400), stack: ours.join('\n').slice(0, 4000), page: location.pathname.slice(0, 300),
  }));
  report('script_error', place ? `${words} (${place})` : words);
}

addEventListener('error', event => scriptFailed(
  event.error, event.message, event.filename?.startsWith(location.origin) ? `${event.filename.slice(location.origin.length)}:${event.lineno}` : null));
addEventListener('unhandledrejection', event => scriptFailed(event.reason, event.reason?.message ?? 'a promise was rejected', null));

// Whoever left for the bank and is here again without having come by the bank's own way back has not answered it.
const left = () => `left-for-bank ${order()}`;

document.addEventListener('click', event => {
  if (event.target.closest?.('[data-leaves-for-bank]')) {
    sessionStorage.setItem(left(), '1');
    report('left_for_bank');
  }
});

addEventListener('pageshow', () => {
  if (!order() || !sessionStorage.getItem(left()))
    return;
  sessionStorage.removeItem(left());
  if (new URLSearchParams(location.search).get('from') !== 'bank' && document.querySelector('[data-leaves-for-bank]'))
    report('back_without_answer');
});

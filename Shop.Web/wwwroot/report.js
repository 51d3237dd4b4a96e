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

addEventListener('error', event => {
  if (event.filename?.startsWith(location.origin)) // extensions have errors of their own
    report('script_error', `${event.message} (${event.filename.slice(location.origin.length)}:${event.lineno})`);
});
addEventListener('unhandledrejection', event => report('script_error', event.reason?.message ?? 'a promise was rejected'));

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

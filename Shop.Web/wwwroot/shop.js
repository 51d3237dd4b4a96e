// Conveniences, each for a page that works without it. Custom elements find out by themselves when enhanced navigation brings them in.

const fetchText = async (address, ms = 10_000) => {
  const response = await fetch(address, { signal: AbortSignal.timeout(ms), credentials: 'same-origin' });
  return response.ok ? response.text() : null;
};

// <late-fragment src>: a part that was not there in time. On any failure the link inside stays.
customElements.define('late-fragment', class extends HTMLElement {
  static observedAttributes = ['src'];

  async attributeChangedCallback(_, __, src) {
    const html = await fetchText(src).catch(() => null);
    if (html !== null && this.getAttribute('src') === src)
      this.innerHTML = html;
  }
});

// <cart-count src>: the personal part of a page that everybody shares.
customElements.define('cart-count', class extends HTMLElement {
  connectedCallback() { this.refresh(); }

  async refresh() {
    const html = await fetchText(this.getAttribute('src')).catch(() => null);
    if (html !== null && html !== this.shown)
      this.innerHTML = this.shown = html;
  }
});

// <live-fragment src [part] [every] [tells]>: asked again while it holds [data-live]; each second at first, as a shopper waits then. What could
// not be renewed twice running says since when: old numbers look like any others.
customElements.define('live-fragment', class extends HTMLElement {
  connectedCallback() {
    this.since = Date.now();
    this.renewedAt = new Date();
    this.failures = 0;
    this.timer = 0;
    this.next();
  }

  disconnectedCallback() { clearTimeout(this.timer); }

  next() {
    clearTimeout(this.timer);
    if (!this.isConnected || !this.querySelector('[data-live]'))
      return;
    const every = Number(this.getAttribute('every')) || (Date.now() - this.since < 60_000 ? 1 : 5);
    this.timer = setTimeout(() => this.ask(), every * 1000);
  }

  async ask() {
    if (document.hidden || this.isFilledIn()) {
      this.next();
      return;
    }
    let html = null;
    try {
      html = await fetchText(this.getAttribute('src'));
    } catch {
      this.since = 0; // in trouble: more slowly
    }
    if (this.isConnected && !this.isFilledIn())
      this.tellAge(html !== null && this.show(html));
    this.next();
  }

  tellAge(isRenewed) {
    let notice = this.querySelector(':scope > [data-age]');
    this.failures = isRenewed ? 0 : this.failures + 1;
    if (isRenewed) {
      this.renewedAt = new Date();
      notice?.remove();
    } else if (this.failures > 1 && !notice) {
      notice = document.createElement('p');
      notice.className = 'notice wait';
      notice.dataset.age = '';
      notice.setAttribute('role', 'status');
      notice.textContent = `Not renewed since ${new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' }).format(this.renewedAt)}.`;
      this.prepend(notice);
    }
  }

  // What somebody is writing is not taken from under their hands.
  isFilledIn() {
    return [...this.querySelectorAll('input:not([type=hidden])')].some(input => input === document.activeElement
      || input.value !== input.defaultValue || input.checked !== input.defaultChecked);
  }

  /** Whether there was anything to show: a page to sign in at holds no such part. */
  show(html) {
    const part = this.getAttribute('part');
    const body = new DOMParser().parseFromString(html, 'text/html').body;
    const news = part ? body.querySelector(`#${part}`)?.outerHTML : body.innerHTML;
    if (!news)
      return false;
    if (news === this.shown)
      return true;
    this.shown = news;
    const before = this.querySelector('h1')?.textContent;
    const open = [...this.querySelectorAll('details[open][id]')].map(details => details.id);
    const focused = this.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null;
    this.innerHTML = news;
    open.forEach(id => this.querySelector(`#${id}`)?.setAttribute('open', ''));
    if (focused)
      this.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
    const after = this.querySelector('h1')?.textContent;
    const teller = document.getElementById(this.getAttribute('tells'));
    if (teller && after !== before)
      teller.textContent = after; // a screen reader hears that one sentence, not the whole page
    return true;
  }
});

// <local-time>: UTC as rendered, in the reader's own time zone.
customElements.define('local-time', class extends HTMLElement {
  connectedCallback() {
    const time = this.querySelector('time');
    const at = new Date(time?.dateTime ?? NaN);
    if (isNaN(at))
      return;
    time.title = time.textContent;
    time.textContent = new Intl.DateTimeFormat('en-GB', this.hasAttribute('exact')
      ? { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', second: '2-digit' }
      : { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' }).format(at);
  }
});

document.addEventListener('change', event => {
  if (event.target.matches('[data-submits]'))
    event.target.form.requestSubmit();
});

// One press, one request. A form with card fields is sent by card.js, which says when.
document.addEventListener('submit', event => {
  const form = event.target;
  if (form.dataset.busy && !event.defaultPrevented)
    setTimeout(() => setBusy(form, true));
});

addEventListener('pageshow', () => document.querySelectorAll('form[data-busy]').forEach(form => setBusy(form, false)));

document.addEventListener('busy', event => setBusy(event.target, event.detail));

function setBusy(form, busy) {
  for (const button of form.querySelectorAll('button[type=submit]')) {
    button.dataset.idle ??= button.textContent;
    button.disabled = busy;
    button.textContent = busy ? form.dataset.busy : button.dataset.idle;
  }
}

addEventListener('DOMContentLoaded', () => {
  document.querySelector('[data-focus]')?.focus();
  window.Blazor?.addEventListener('enhancedload', () => {
    document.querySelector('cart-count')?.refresh();
    document.querySelectorAll('local-time').forEach(time => time.connectedCallback());
  });
});

// <copy-text from="id">: a button that copies a field's text, where the browser lets a page do that.
customElements.define('copy-text', class extends HTMLElement {
  connectedCallback() {
    const button = this.querySelector('button');
    button.hidden = !navigator.clipboard;
    button.onclick = async () => {
      const field = document.getElementById(this.getAttribute('from'));
      try {
        await navigator.clipboard.writeText(field.value);
        button.textContent = 'Copied';
      } catch {
        field.select(); // refused: one key away
      }
    };
  }
});

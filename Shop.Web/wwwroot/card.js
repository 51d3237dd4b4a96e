// Card entry. Card numbers never touch this page; what comes back is the card's name, pm_….
const patience = 20_000;
const scriptPatience = 8_000;

const report = (kind, words) => document.dispatchEvent(new CustomEvent('report', { detail: { kind, words } })); // report.js sends it

// What both kinds have in common: they hold the form back until there is a card, and say what is wrong.
class CardEntry extends HTMLElement {
  connectedCallback() {
    if (this.form)
      return;
    this.form = this.closest('form');
    this.token = this.querySelector('input[name=PaymentToken]');
    this.onSubmit = event => this.submit(event);
    this.form.addEventListener('submit', this.onSubmit);
    this.onChange = () => this.beginOnce();
    this.form.addEventListener('change', this.onChange);
    this.beginOnce();
  }

  // Where there is another way to pay, the card form is loaded once a card is chosen.
  beginOnce() {
    if (this.begun || !this.isChosen())
      return;
    this.begun = true;
    this.begin();
  }

  isChosen() { return (new FormData(this.form).get('Way') ?? 'card') === 'card'; }

  disconnectedCallback() {
    clearTimeout(this.waiting);
    this.form.removeEventListener('submit', this.onSubmit);
    this.form.removeEventListener('change', this.onChange);
    this.form = null;
    if (this.begun)
      this.end();
    this.begun = false;
  }

  submit(event) {
    if (this.token.value || !this.isChosen())
      return; // has its card, or needs none: the form goes to the shop
    event.preventDefault();
    if (this.asked)
      return;
    this.asked = true;
    this.say('');
    this.busy(true);
    this.waiting = setTimeout(() => {
      report('card_form_failed', 'no answer');
      this.fail('The card form does not answer. Nothing was charged; please try again.');
    }, patience);
    this.ask();
  }

  take(card) {
    clearTimeout(this.waiting);
    this.token.value = card;
    this.form.submit(); // past the listeners: the button stays busy until the next page
  }

  fail(text) {
    clearTimeout(this.waiting);
    this.asked = false;
    this.busy(false);
    this.say(text);
  }

  busy(is) { this.form.dispatchEvent(new CustomEvent('busy', { detail: is, bubbles: true })); } // shop.js shows it

  say(text) {
    this.classList.toggle('invalid', !!text);
    this.querySelector('.error').textContent = text;
  }
}

// <card-fields src>: the gateway's own form in a frame.
//   from the frame: { type: 'height', px } { type: 'payment_method', id } { type: 'error', message }
//   to the frame:   { type: 'submit' }
customElements.define('card-fields', class extends CardEntry {
  begin() {
    this.origin = new URL(this.getAttribute('src')).origin;
    this.frame = Object.assign(document.createElement('iframe'), { src: this.getAttribute('src'), title: 'Card details' });
    this.prepend(this.frame);
    this.waiting = setTimeout(() => {
      report('card_form_slow');
      this.say('The card form does not load. Please check your connection, then reload this page.');
    }, patience);
    this.onMessage = event => event.origin === this.origin && event.source === this.frame.contentWindow && this.hear(event.data);
    addEventListener('message', this.onMessage);
  }

  end() {
    removeEventListener('message', this.onMessage);
    this.frame.remove();
  }

  ask() { this.frame.contentWindow.postMessage({ type: 'submit' }, this.origin); }

  hear(message) {
    switch (message?.type) {
      case 'height': // the first one says that the form is there
        if (!this.asked)
          clearTimeout(this.waiting);
        this.frame.style.height = `${Math.min(Math.max(message.px, 60), 600)}px`;
        break;
      case 'payment_method':
        this.take(message.id);
        break;
      case 'error':
        this.fail(message.message);
        break;
    }
  }
});

// <stripe-fields src key amount currency>: Stripe's Payment Element, before there is an intent: the order is saved first, and the server confirms.
customElements.define('stripe-fields', class extends CardEntry {
  begin() {
    this.retry = this.querySelector('[data-again]');
    this.retry.onclick = () => this.load();
    this.load();
  }

  end() { this.element?.destroy(); }

  load() {
    this.retry.hidden = true;
    this.say('');
    this.loading(true);
    this.waiting = setTimeout(() => {
      report('card_form_slow');
      this.lost('The card form takes too long to load. Please check your connection.'); // should it come after all, it is shown
    }, scriptPatience);
    if (window.Stripe)
      return this.show();
    document.querySelector('script[data-stripe]')?.remove(); // one that failed does not load again
    const script = Object.assign(document.createElement('script'), { src: this.getAttribute('src'), async: true });
    script.dataset.stripe = '';
    script.onload = () => this.isConnected && this.show();
    script.onerror = () => {
      report('card_form_blocked');
      this.lost('The card form of our payment provider was not loaded. Your browser, an extension or your network may block js.stripe.com.');
    };
    document.head.append(script);
  }

  show() {
    try {
      this.stripe = window.Stripe(this.getAttribute('key'));
      this.elements = this.stripe.elements({
        mode: 'payment', amount: Number(this.getAttribute('amount')), currency: this.getAttribute('currency'),
        paymentMethodCreation: 'manual', paymentMethodTypes: ['card'], locale: 'en',
      });
      this.element?.destroy();
      this.element = this.elements.create('payment', { wallets: { applePay: 'never', googlePay: 'never', link: 'never' } });
      this.element.on('ready', () => {
        if (!this.asked)
          clearTimeout(this.waiting);
        this.loading(false);
        this.retry.hidden = true;
        this.say('');
      });
      this.element.on('loaderror', event => {
        report('card_form_failed', event?.error?.type);
        this.lost('The card form of our payment provider could not be shown.');
      });
      this.element.mount(this.querySelector('[data-mount]'));
    } catch (error) {
      report('card_form_failed', error.message);
      this.lost('The card form of our payment provider could not be shown.');
    }
  }

  async ask() {
    if (!this.elements)
      return this.lost('There is no card form to take your card from.');
    const asked = this.asked = {}; // what comes after its time was given up
    try {
      const { error: wrong } = await this.elements.submit();
      const { error, paymentMethod } = wrong ? { error: wrong } : await this.stripe.createPaymentMethod({ elements: this.elements });
      if (this.asked !== asked)
        return;
      if (error) {
        if (error.type !== 'validation_error' && error.type !== 'card_error')
          report('card_form_failed', error.code ?? error.type);
        this.fail(error.message ?? 'Please check your card details.');
      } else {
        this.take(paymentMethod.id);
      }
    } catch (error) {
      if (this.asked !== asked)
        return;
      report('card_form_failed', error.message);
      this.fail('The card form does not answer. Nothing was charged; please try again.');
    }
  }

  loading(is) { this.querySelector('[data-loading]').hidden = !is; }

  lost(text) {
    this.loading(false);
    this.retry.hidden = false;
    this.fail(`${text} Nothing was charged, and nothing of yours is lost.`);
  }
});

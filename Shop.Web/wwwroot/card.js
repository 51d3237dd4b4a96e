// <card-fields src>: the gateway's own form in a frame. Card numbers never touch this page; what comes back is the card's name, pm_….
//   from the frame: { type: 'height', px } { type: 'payment_method', id } { type: 'error', message }
//   to the frame:   { type: 'submit' }
const patience = 20_000;

customElements.define('card-fields', class extends HTMLElement {
  connectedCallback() {
    if (this.frame)
      return;
    this.origin = new URL(this.getAttribute('src')).origin;
    this.form = this.closest('form');
    this.token = this.querySelector('input[name=PaymentToken]');
    this.frame = Object.assign(document.createElement('iframe'), { src: this.getAttribute('src'), title: 'Card details' });
    this.prepend(this.frame);
    this.waiting = setTimeout(() => this.say('The card form does not load. Please check your connection, then reload this page.'), patience);
    this.onMessage = event => event.origin === this.origin && event.source === this.frame.contentWindow && this.hear(event.data);
    this.onSubmit = event => this.submit(event);
    addEventListener('message', this.onMessage);
    this.form.addEventListener('submit', this.onSubmit);
  }

  disconnectedCallback() {
    clearTimeout(this.waiting);
    removeEventListener('message', this.onMessage);
    this.form.removeEventListener('submit', this.onSubmit);
    this.frame.remove();
    this.frame = null;
  }

  submit(event) {
    if (this.token.value)
      return; // has its card: the form goes to the shop
    event.preventDefault();
    if (this.asked)
      return;
    this.asked = true;
    this.say('');
    this.busy(true);
    this.waiting = setTimeout(() => this.fail('The card form does not answer. Nothing was charged; please try again.'), patience);
    this.frame.contentWindow.postMessage({ type: 'submit' }, this.origin);
  }

  hear(message) {
    switch (message?.type) {
      case 'height': // the first one says that the form is there
        if (!this.asked)
          clearTimeout(this.waiting);
        this.frame.style.height = `${Math.min(Math.max(message.px, 60), 600)}px`;
        break;
      case 'payment_method':
        clearTimeout(this.waiting);
        this.token.value = message.id;
        this.form.submit(); // past the listeners: the button stays busy until the next page
        break;
      case 'error':
        this.fail(message.message);
        break;
    }
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
});

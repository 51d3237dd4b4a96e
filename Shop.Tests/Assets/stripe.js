// Stands in for Stripe.js: the calls that a shop makes are written down, and the card is typed into a field that no form of the page has.
window.stripeCalls = [];
window.Stripe = key => {
  const note = (what, ...details) => window.stripeCalls.push([what, ...details]);
  note('Stripe', key);
  return {
    elements(options) {
      note('elements', options);
      let number;
      return {
        create(kind, settings) {
          note('create', kind, settings);
          const heard = {};
          return {
            on: (event, listener) => heard[event] = listener,
            mount(place) {
              number = document.createElement('input');
              number.id = 'card-number';
              number.setAttribute('aria-label', 'Card number');
              place.append(number);
              heard.ready?.();
            },
            destroy: () => number?.remove(),
          };
        },
        async submit() {
          note('submit');
          return number.value ? {} : { error: { type: 'validation_error', message: 'Your card number is incomplete.' } };
        },
      };
    },
    async createPaymentMethod(what) {
      note('createPaymentMethod', Object.keys(what));
      return { paymentMethod: { id: 'pm_elements' } };
    },
  };
};

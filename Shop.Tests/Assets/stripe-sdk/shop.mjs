// What a shop does with Stripe's own SDK, against the simulator: node shop.mjs <package> <simulator>. Prints what came of it as JSON.
import http from 'node:http';

const [name, simulator] = process.argv.slice(2);
const { default: Stripe } = await import(name);
const secret = 'whsec_sdk';
const result = {};
let lastHeaders;

// The SDK knows a host and a port, but no base path.
const client = (key, more = {}) => new Stripe(key, {
  maxNetworkRetries: 0,
  telemetry: false,
  httpClient: Stripe.createFetchHttpClient(async (url, init) => {
    const answer = await fetch(String(url).replace('https://api.stripe.com', `${simulator}/stripe`), init);
    lastHeaders = answer.headers;
    return answer;
  }),
  ...more,
});
const stripe = client('sk_test_sdk');
const api = async (method, path, body) => (await fetch(simulator + path, {
  method, body: body && JSON.stringify(body), headers: { 'content-type': 'application/json' },
})).json();

const failure = async (call) => {
  try {
    const done = await call();
    return { status: 'no error', id: done.id };
  } catch (e) {
    return {
      class: e.constructor.name, type: e.rawType, status: e.statusCode, code: e.code, declineCode: e.decline_code, param: e.param,
      requestId: e.requestId, intent: e.payment_intent?.status, fingerprint: e.payment_method?.card?.fingerprint, advice: e.raw?.advice_code,
    };
  }
};
const until = async (ask, is) => {
  for (let i = 0; i < 300; i++) {
    const answer = await ask();
    if (is(answer)) return answer;
    await new Promise((next) => setTimeout(next, 100));
  }
  throw new Error(`It never came: ${ask}`);
};

// The shop's webhook endpoint checks signatures with the SDK.
const events = [], refused = [];
const shop = http.createServer((request, answer) => {
  const chunks = [];
  request.on('data', (c) => chunks.push(c)).on('end', () => {
    try {
      events.push(stripe.webhooks.constructEvent(Buffer.concat(chunks), request.headers['stripe-signature'], secret));
      answer.writeHead(200).end();
    } catch (e) {
      refused.push(e.constructor.name);
      answer.writeHead(400).end();
    }
  });
});
await new Promise((listening) => shop.listen(0, '127.0.0.1', listening));
const webhook = { url: `http://127.0.0.1:${shop.address().port}/webhooks/stripe`, secret, apiVersion: Stripe.API_VERSION };
result.settings = await api('PUT', '/settings', { webhooks: [webhook] });
result.version = webhook.apiVersion;

// A payment, as a shop makes one.
const order = { amount: 1999, currency: 'eur', automatic_payment_methods: { enabled: true, allow_redirects: 'never' }, metadata: { order_id: `sdk-${name}` } };
const created = await stripe.paymentIntents.create(order, { idempotencyKey: `${name}:create` });
const confirm = () => stripe.paymentIntents.confirm(created.id, { payment_method: 'pm_card_visa', expand: ['latest_charge.balance_transaction'] }, { idempotencyKey: `${name}:confirm` });
const paid = await confirm();
const replayed = await confirm();
const isReplayed = lastHeaders.get('idempotent-replayed');
result.paid = {
  created: created.status, status: paid.status, received: paid.amount_received, last4: paid.latest_charge.payment_method_details.card.last4,
  balance: paid.latest_charge.balance_transaction, requestId: paid.lastResponse.requestId, version: paid.lastResponse.apiVersion,
  replayed: isReplayed, same: replayed.latest_charge.id === paid.latest_charge.id,
  hasRecord: 'payment_record' in paid,
};
result.retrieved = (await stripe.paymentIntents.retrieve(created.id)).status;
result.otherParameters = await failure(() => stripe.paymentIntents.create({ ...order, amount: 5 }, { idempotencyKey: `${name}:create` }));
result.types = await failure(() => stripe.paymentIntents.create({ ...order, automatic_payment_methods: undefined, payment_method_types: ['card'] }));

// What goes wrong is an error of the right kind.
const open = await stripe.paymentIntents.create(order);
result.declined = await failure(() => stripe.paymentIntents.confirm(open.id, { payment_method: 'pm_card_visa_chargeDeclinedInsufficientFunds' }));
result.askedOffSession = await failure(() => stripe.paymentIntents.confirm(open.id, { payment_method: 'pm_card_authenticationRequired', off_session: true }));
result.wrongKey = await failure(() => client('nonsense').paymentIntents.create(order));
result.missing = await failure(() => stripe.paymentIntents.retrieve('pi_nowhere'));
result.tooSmall = await failure(() => stripe.paymentIntents.create({ ...order, amount: 1 }));
await api('PUT', '/faults', { rules: [{ fault: 'rate_limited_429', count: 1 }, { fault: 'unavailable_503', count: 1 }, { fault: 'error_500_before', count: 1 }, { fault: 'reset', count: 1 }] });
result.rateLimited = await failure(() => stripe.paymentIntents.retrieve(open.id));
result.unavailable = await failure(() => stripe.paymentIntents.retrieve(open.id));
result.broken = await failure(() => stripe.paymentIntents.retrieve(open.id));
result.reset = await failure(() => stripe.paymentIntents.retrieve(open.id));
await api('DELETE', '/faults');
await api('PUT', '/faults', { rules: [{ fault: 'answer_lost', operation: 'confirm', count: 1 }] });
const patient = await client('sk_test_sdk', { maxNetworkRetries: 2 }).paymentIntents.confirm(open.id, { payment_method: 'pm_card_visa' });
result.retriedBySdk = { status: patient.status, charges: (await stripe.charges.list({ payment_intent: open.id })).data.filter((c) => c.paid).length };
await api('DELETE', '/faults');

// Cards, customers, and what a guest's card may not do.
result.reused = await failure(() => stripe.paymentIntents.create({ ...order, payment_method: paid.payment_method, confirm: true }));
const customer = await stripe.customers.create({ email: 'sdk@example.org', name: 'S. D. Kay', metadata: { a: 'b' } });
const saved = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id });
await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: saved.id } });
const twice = [];
for (let i = 0; i < 2; i++)
  twice.push((await stripe.paymentIntents.create({ ...order, customer: customer.id, payment_method: saved.id, off_session: true, confirm: true })).status);
result.customer = {
  email: customer.email, default: (await stripe.customers.retrieve(customer.id, { expand: ['invoice_settings.default_payment_method'] })).invoice_settings.default_payment_method.card.last4,
  cards: (await stripe.paymentMethods.list({ customer: customer.id })).data.length, same: (await stripe.customers.listPaymentMethods(customer.id)).data[0].id === saved.id,
  twice, intents: (await stripe.paymentIntents.list({ customer: customer.id })).data.length, byEmail: (await stripe.customers.list({ email: 'sdk@example.org' })).data.length,
  withoutCustomer: await failure(() => stripe.paymentIntents.create({ ...order, payment_method: saved.id, confirm: true })),
  declinedCard: await failure(() => stripe.paymentMethods.attach('pm_card_chargeDeclined', { customer: customer.id })),
};

// A card whose bank asks once, when it is saved.
const setup = await stripe.setupIntents.create({ customer: customer.id, payment_method: 'pm_card_authenticationRequiredOnSetup', confirm: true, return_url: 'http://localhost/back', automatic_payment_methods: { enabled: true } });
const back = await fetch(setup.next_action.redirect_to_url.url, { method: 'POST', body: new URLSearchParams({ decision: 'approve' }), redirect: 'manual' });
const ready = await stripe.setupIntents.retrieve(setup.id);
result.setup = {
  asked: setup.status, back: new URL(back.headers.get('location')).searchParams.get('redirect_status'), status: ready.status,
  attached: (await stripe.paymentMethods.retrieve(ready.payment_method)).customer === customer.id, listed: (await stripe.setupIntents.list({ customer: customer.id })).data.length,
  charged: (await stripe.paymentIntents.create({ ...order, customer: customer.id, payment_method: ready.payment_method, off_session: true, confirm: true })).status,
  declined: await failure(() => stripe.setupIntents.create({ payment_method: 'pm_card_chargeDeclined', confirm: true })),
  canceled: (await stripe.setupIntents.cancel((await stripe.setupIntents.create({ customer: customer.id })).id)).status,
};
await stripe.paymentMethods.detach(saved.id);
result.detached = await failure(() => stripe.paymentMethods.attach(saved.id, { customer: customer.id }));
result.deleted = (await stripe.customers.del(customer.id)).deleted;
result.retrievedDeleted = (await stripe.customers.retrieve(customer.id)).deleted;

// Held, captured in part, voided.
const hold = async () => stripe.paymentIntents.create({ ...order, amount: 5000, capture_method: 'manual', payment_method: 'pm_card_visa', confirm: true });
const held = await hold();
const captured = await stripe.paymentIntents.capture(held.id, { amount_to_capture: 3000 }, { });
const part = await stripe.charges.retrieve(captured.latest_charge, { expand: ['balance_transaction'] });
const voided = await stripe.paymentIntents.cancel((await hold()).id, { cancellation_reason: 'requested_by_customer' });
const letGo = await stripe.charges.retrieve(voided.latest_charge);
result.capture = {
  held: [held.status, held.amount_capturable], captured: [captured.status, captured.amount_received], part: [part.captured, part.amount_captured, part.amount_refunded],
  net: part.balance_transaction.net, voided: voided.status, letGo: [letGo.captured, letGo.refunded, letGo.amount_refunded],
  tooMuch: await failure(async () => stripe.paymentIntents.capture((await hold()).id, { amount_to_capture: 5001 })),
};

// Money back.
const refund = await stripe.refunds.create({ payment_intent: created.id, amount: 1000, reason: 'requested_by_customer' }, { idempotencyKey: `${name}:refund` });
result.refund = {
  status: refund.status, reason: refund.reason, retrieved: (await stripe.refunds.retrieve(refund.id)).amount, listed: (await stripe.refunds.list({ payment_intent: created.id })).data.length,
  updated: (await stripe.refunds.update(refund.id, { metadata: { why: 'damaged' } })).metadata.why, transaction: (await stripe.balanceTransactions.retrieve(refund.balance_transaction)).amount,
  tooMuch: await failure(() => stripe.refunds.create({ payment_intent: created.id, amount: 1000 })), cancel: await failure(() => stripe.refunds.cancel(refund.id)),
};

// Taken back by the bank.
const disputed = await stripe.paymentIntents.create({ ...order, payment_method: 'pm_card_createDispute', confirm: true, expand: ['latest_charge'] });
const dispute = (await stripe.disputes.list({ payment_intent: disputed.id })).data[0];
result.dispute = {
  reason: dispute.reason, status: dispute.status, withdrawn: dispute.balance_transactions[0].amount, disputed: (await stripe.charges.retrieve(disputed.latest_charge.id)).disputed,
  retrieved: (await stripe.disputes.retrieve(dispute.id)).charge === disputed.latest_charge.id, refund: await failure(() => stripe.refunds.create({ payment_intent: disputed.id })),
};

// Lists, page by page, and search.
const all = [];
for await (const intent of stripe.paymentIntents.list({ limit: 3, created: { gte: created.created } })) all.push(intent.id);
result.list = { unique: new Set(all).size === all.length, first: all.at(-1) === created.id, backwards: (await stripe.paymentIntents.list({ limit: 2, ending_before: all[3] })).data.map((i) => i.id).join() === all.slice(1, 3).join() };
result.found = (await until(() => stripe.paymentIntents.search({ query: `metadata['order_id']:'sdk-${name}' AND status:'succeeded' AND amount>1000` }), (s) => s.data.some((i) => i.id === created.id))).data.every((i) => i.status === 'succeeded');
const settled = await until(() => stripe.charges.retrieve(paid.latest_charge.id, { expand: ['balance_transaction'] }), (c) => c.balance_transaction !== null);
result.balance = { amount: settled.balance_transaction.amount, fee: settled.balance_transaction.fee, net: settled.balance_transaction.net, kind: settled.balance_transaction.fee_details[0].type,
  bySource: (await stripe.balanceTransactions.list({ source: settled.id })).data.length };

// What the shop was told.
const types = ['payment_intent.succeeded', 'charge.refunded', 'charge.updated', 'charge.dispute.created', 'payment_method.attached', 'payment_intent.canceled'];
await until(() => events, () => types.every((t) => events.some((e) => e.type === t)));
const told = events.find((e) => e.type === 'payment_intent.succeeded' && e.data.object.id === created.id);
result.webhook = { version: told.api_version, key: told.request.idempotency_key, hasRecord: 'payment_record' in told.data.object, settled: events.find((e) => e.type === 'charge.updated').data.previous_attributes };
result.events = { retrieved: (await stripe.events.retrieve(told.id)).type, listed: (await stripe.events.list({ types: ['payment_intent.succeeded', 'charge.refunded'], limit: 100 })).data.every((e) => /succeeded|refunded/.test(e.type)) };
await api('PUT', '/faults', { webhooks: { forged: 1 } });
await stripe.paymentIntents.create(order);
await until(() => refused, (r) => r.length > 0);
result.forged = refused[0];
await api('DELETE', '/faults');

shop.close();
console.log(JSON.stringify(result));
process.exit(0);

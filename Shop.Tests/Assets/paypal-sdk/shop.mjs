// What a shop does with PayPal's own SDK, against the simulator: node shop.mjs <simulator>. Prints what came of it as JSON.
import {
  ApiError, Client, CustomError, Environment, OAuthAuthorizationController, OrdersController, PaymentsController, TransactionSearchController, VaultController,
} from '@paypal/paypal-server-sdk';

const [simulator] = process.argv.slice(2);
const result = {};

// The SDK knows two hosts and no other; its HTTP client can be replaced, though.
const adapter = async (config) => {
  const answer = await fetch(config.url.replace('https://api-m.sandbox.paypal.com', `${simulator}/paypal`), {
    method: config.method.toUpperCase(), headers: config.headers.toJSON(), body: config.data, redirect: 'manual',
  });
  return { status: answer.status, statusText: answer.statusText, headers: Object.fromEntries(answer.headers), data: await answer.text(), config };
};
const client = (id = 'simulator-client', secret = 'simulator-secret') => new Client({
  environment: Environment.Sandbox,
  clientCredentialsAuthCredentials: { oAuthClientId: id, oAuthClientSecret: secret },
  httpClientOptions: { retryConfig: { maxNumberOfRetries: 0 } },
  unstable_httpClientOptions: { adapter },
});
const shop = client();
const [orders, payments, vault, transactions] = [OrdersController, PaymentsController, VaultController, TransactionSearchController].map((C) => new C(shop));
const api = async (method, path, body) => (await fetch(simulator + path, { method, body: body && JSON.stringify(body), headers: { 'content-type': 'application/json' } })).json();
const prefer = 'return=representation';

const failure = async (call) => {
  try {
    return { status: 'no error', body: (await call()).result };
  } catch (e) {
    const told = e.result ?? (e.body ? JSON.parse(e.body) : undefined); // the SDK reads an error's body where the documents name its status
    return {
      class: e.constructor.name, isApiError: e instanceof ApiError, isCustom: e instanceof CustomError, status: e.statusCode, name: told?.name,
      issue: told?.details?.[0]?.issue, hasDebugId: Boolean(told?.debug_id) && told.debug_id === e.headers['paypal-debug-id'],
      redirect: told?.links?.find((l) => l.rel === 'redirect')?.href, message: e.statusCode ? undefined : e.message,
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

// OAuth: the SDK fetches one token and keeps it.
const basic = (id, secret) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
const oauth = new OAuthAuthorizationController(shop);
const token = (await oauth.requestToken({ authorization: basic('simulator-client', 'simulator-secret') })).result;
result.token = { type: token.tokenType, lives: Number(token.expiresIn) > 3600 };
result.wrongSecret = await failure(() => oauth.requestToken({ authorization: basic('simulator-client', 'guessed') }));
result.wrongClient = await failure(() => new OrdersController(client('nobody')).getOrder({ id: 'X' }));

const body = (more = {}, source = {}) => ({
  intent: 'CAPTURE',
  purchaseUnits: [{ amount: { currencyCode: 'EUR', value: '19.99', breakdown: { itemTotal: { currencyCode: 'EUR', value: '19.99' } } }, customId: 'sdk-1', items: [{ name: 'Mug', quantity: '1', unitAmount: { currencyCode: 'EUR', value: '19.99' } }] }],
  paymentSource: { paypal: { experienceContext: { returnUrl: 'http://localhost/back', cancelUrl: 'http://localhost/cancel', userAction: 'PAY_NOW', shippingPreference: 'NO_SHIPPING', paymentMethodPreference: 'IMMEDIATE_PAYMENT_REQUIRED' }, ...source } },
  ...more,
});
const link = (it, rel) => it.links.find((l) => l.rel === rel)?.href;
const approve = async (order, source = 'balance', remember = false) => {
  const answer = await fetch(link(order, 'payer-action'), { method: 'POST', redirect: 'manual', body: new URLSearchParams({ decision: 'agree', source, ...(remember ? { remember: 'on' } : {}) }) });
  return new URL(answer.headers.get('location'));
};
const create = async (key, more, source) => (await orders.createOrder({ body: body(more, source), paypalRequestId: key, prefer })).result;
const capture = (id, key, more = {}) => orders.captureOrder({ id, paypalRequestId: key, prefer, ...more });

// A payment, as a shop makes one, with the source kept for later.
const order = await create('create-1', {}, { attributes: { vault: { storeInVault: 'ON_SUCCESS', usageType: 'MERCHANT' } } });
const early = await failure(() => capture(order.id, 'capture-early'));
const back = await approve(order, 'balance', true);
const approved = (await orders.getOrder({ id: order.id })).result;
const paid = await capture(order.id, 'capture-1');
const again = await capture(order.id, 'capture-1');
const kept = paid.result.paymentSource.paypal.attributes.vault;
const taken = paid.result.purchaseUnits[0].payments.captures[0];
result.paid = {
  created: order.status, early: early.issue, returned: back.searchParams.get('token') === order.id && Boolean(back.searchParams.get('PayerID')), approved: approved.status,
  http: [paid.statusCode, again.statusCode], status: paid.result.status, capture: taken.status, amount: taken.amount, net: taken.sellerReceivableBreakdown.netAmount.value,
  custom: taken.customId, same: again.result.purchaseUnits[0].payments.captures[0].id === taken.id, email: paid.result.paymentSource.paypal.emailAddress,
  retrieved: (await payments.getCapturedPayment({ captureId: taken.id })).result.status, minimal: Object.keys((await orders.createOrder({ body: body(), paypalRequestId: 'create-min' })).result).sort(),
};
result.already = await failure(() => capture(order.id, 'capture-2'));
result.patched = await (async () => {
  const it = await create('create-patch');
  await orders.patchOrder({ id: it.id, body: [{ op: 'replace', path: "/purchase_units/@reference_id=='default'/invoice_id", value: 'INV-SDK' }] });
  return (await orders.getOrder({ id: it.id })).result.purchaseUnits[0].invoiceId;
})();

// What goes wrong is an error of the right kind.
const declinedOrder = await create('create-declined');
await approve(declinedOrder, 'declined');
result.declined = await failure(() => capture(declinedOrder.id, 'declined-1'));
result.mocked = await failure(() => capture(declinedOrder.id, 'declined-2', { paypalMockResponse: '{"mock_application_codes":"PAYER_CANNOT_PAY"}' }));
result.missing = await failure(() => orders.getOrder({ id: 'NOWHERE' }));
result.noRequestId = await failure(() => orders.createOrder({ body: body() }));
result.decimals = await failure(() => orders.createOrder({ body: { intent: 'CAPTURE', purchaseUnits: [{ amount: { currencyCode: 'JPY', value: '10.50' } }] } }));
await api('PUT', '/faults', { gateway: 'paypal', rules: [{ fault: 'rate_limited_429', count: 1 }, { fault: 'unavailable_503', count: 1 }, { fault: 'error_500_before', count: 1 }] });
result.rateLimited = await failure(() => orders.getOrder({ id: order.id }));
result.unavailable = await failure(() => orders.getOrder({ id: order.id }));
result.broken = await failure(() => orders.getOrder({ id: order.id }));
await api('DELETE', '/faults');

// Money back, in parts.
const refund = (key, more = {}) => payments.refundCapturedPayment({ captureId: taken.id, paypalRequestId: key, prefer, ...more });
const part = await refund('refund-1', { body: { amount: { currencyCode: 'EUR', value: '5.00' }, noteToPayer: 'damaged', invoiceId: 'R-SDK' } });
const partAgain = await refund('refund-1', { body: { amount: { currencyCode: 'EUR', value: '5.00' } } });
result.refund = {
  status: part.result.status, amount: part.result.amount.value, invoice: part.result.invoiceId, http: [part.statusCode, partAgain.statusCode], same: partAgain.result.id === part.result.id,
  retrieved: (await payments.getRefund({ refundId: part.result.id })).result.status, capture: (await payments.getCapturedPayment({ captureId: taken.id })).result.status,
  tooMuch: await failure(() => refund('refund-2', { body: { amount: { currencyCode: 'EUR', value: '15.00' } } })), rest: (await refund('refund-3')).result.amount.value,
  all: await failure(() => refund('refund-4')),
};

// Set aside, then taken or let go.
const hold = async (key) => {
  const it = await create(`create-${key}`, { intent: 'AUTHORIZE' });
  await approve(it);
  return (await orders.authorizeOrder({ id: it.id, paypalRequestId: key, prefer })).result.purchaseUnits[0].payments.authorizations[0];
};
const held = await hold('hold-1');
const takenLater = await payments.captureAuthorizedPayment({ authorizationId: held.id, paypalRequestId: 'take', prefer, body: { finalCapture: true } });
const voided = await hold('hold-2');
const letGo = await payments.voidPayment({ authorizationId: voided.id, paypalRequestId: 'void' });
result.authorized = {
  status: held.status, taken: takenLater.result.status, http: takenLater.statusCode, after: (await payments.getAuthorizedPayment({ authorizationId: held.id })).result.status,
  voidHttp: letGo.statusCode, voided: (await payments.getAuthorizedPayment({ authorizationId: voided.id })).result.status,
  takeVoided: await failure(() => payments.captureAuthorizedPayment({ authorizationId: voided.id, paypalRequestId: 'take-2' })),
  reauthorize: await failure(() => payments.reauthorizePayment({ authorizationId: voided.id, paypalRequestId: 're' })),
};

// Reviewed first.
const reviewed = await create('create-review');
await approve(reviewed, 'review');
const pending = (await capture(reviewed.id, 'review')).result.purchaseUnits[0].payments.captures[0];
result.pending = { status: pending.status, reason: pending.statusDetails.reason, end: (await until(() => payments.getCapturedPayment({ captureId: pending.id }), (c) => c.result.status !== 'PENDING')).result.status };

// The kept source pays alone.
const next = (await orders.createOrder({ body: { intent: 'CAPTURE', purchaseUnits: [{ amount: { currencyCode: 'EUR', value: '3.00' } }] } })).result;
const byToken = { paymentSource: { paypal: { vaultId: kept.id } } };
result.vault = {
  status: kept.status, hasCustomer: Boolean(kept.customer.id), retrieved: (await vault.getPaymentToken(kept.id)).result.customer.id === kept.customer.id,
  listed: (await vault.listCustomerPaymentTokens({ customerId: kept.customer.id })).result.paymentTokens.length,
  paid: (await capture(next.id, 'by-token', { body: byToken })).result.purchaseUnits[0].payments.captures[0].status,
  once: (await orders.createOrder({ body: { intent: 'CAPTURE', purchaseUnits: [{ amount: { currencyCode: 'EUR', value: '4.00' } }], ...byToken }, paypalRequestId: 'once', prefer })).result.status,
  deleted: (await vault.deletePaymentToken(kept.id)).statusCode, afterwards: await failure(() => vault.getPaymentToken(kept.id)),
};

// The list of what moved.
const at = (minutes) => new Date(Date.now() + minutes * 60000).toISOString();
const list = (await transactions.searchTransactions({ startDate: at(-10), endDate: at(10), fields: 'all', pageSize: 100, page: 1 })).result;
const listed = list.transactionDetails.map((t) => t.transactionInfo);
result.transactions = {
  paid: listed.find((t) => t.transactionId === taken.id)?.transactionStatus, refunded: listed.filter((t) => t.paypalReferenceId === taken.id).map((t) => t.transactionAmount.value).sort(),
  total: list.totalItems === listed.length,
};

console.log(JSON.stringify(result));
process.exit(0);

// The card form, inside a shop's frame or as a page of its own. What is typed here leaves this page only for this origin.
"use strict";

const form = document.getElementById("card");
const fields = { number: form.number, expiry: form.expiry, cvc: form.cvc };
const parentOrigin = form.dataset.origin; // only in a frame
let busy = false;

const digits = text => text.replace(/\D/g, "");
const isAmex = number => /^3[47]/.test(number);

function passesLuhn(number) {
  let sum = 0;
  for (let i = 0; i < number.length; i++) {
    const digit = Number(number[number.length - 1 - i]);
    sum += i % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2;
  }
  return number.length >= 12 && number.length <= 19 && sum % 10 === 0;
}

const checks = {
  number(value) {
    const number = digits(value);
    if (!number) return "Please enter the card number.";
    return passesLuhn(number) ? "" : "This card number is not complete or not correct.";
  },
  expiry(value) {
    const [month, year] = [Number(digits(value).slice(0, 2)), Number(digits(value).slice(2))];
    if (!digits(value)) return "Please enter the expiry date.";
    if (![4, 6].includes(digits(value).length) || month < 1 || month > 12) return "Please write it as MM / YY.";
    const lastMoment = new Date(year < 100 ? 2000 + year : year, month, 1);
    return lastMoment > new Date() ? "" : "This card has expired.";
  },
  cvc(value) {
    const length = isAmex(digits(fields.number.value)) ? 4 : 3;
    if (!value) return "Please enter the security code.";
    return new RegExp(`^\\d{${length}}$`).test(value) ? "" : `The security code has ${length} digits.`;
  },
};

function say(field, message) {
  document.getElementById(`${field.id}-error`).textContent = message;
  if (message) field.setAttribute("aria-invalid", "true");
  else field.removeAttribute("aria-invalid");
}

function check(name) {
  const message = checks[name](fields[name].value);
  say(fields[name], message);
  return message;
}

/** The first message, with its field focused, or an empty string when all is well. */
function checkAll() {
  const wrong = Object.keys(fields).map(name => [name, check(name)]).filter(([, message]) => message);
  if (wrong.length === 0) return "";
  fields[wrong[0][0]].focus();
  return wrong[0][1];
}

function group(input, format) {
  input.addEventListener("input", () => {
    // Only at the end: elsewhere the caret would jump.
    if (input.selectionStart === input.value.length) input.value = format(digits(input.value), input.value);
    if (input.getAttribute("aria-invalid")) check(input.id);
  });
  input.addEventListener("blur", () => input.value && check(input.id));
}

const grouped = number => isAmex(number)
  ? [number.slice(0, 4), number.slice(4, 10), number.slice(10, 15)].filter(Boolean).join(" ")
  : number.slice(0, 19).replace(/(\d{4})(?=\d)/g, "$1 ");

group(fields.number, grouped);
group(fields.expiry, (date, typed) => date.length > 2 ? `${date.slice(0, 2)} / ${date.slice(2, 6)}` : typed.replace(/[^\d /]/g, ""));
group(fields.cvc, cvc => cvc.slice(0, 4));

for (const button of form.querySelectorAll("[data-number]")) {
  button.addEventListener("click", () => {
    fields.number.value = grouped(button.dataset.number);
    fields.expiry.value = `12 / ${String(new Date().getFullYear() + 3).slice(2)}`;
    fields.cvc.value = button.dataset.cvc;
    Object.keys(fields).forEach(check);
  });
}

async function createPaymentMethod() {
  const [month, year] = [digits(fields.expiry.value).slice(0, 2), digits(fields.expiry.value).slice(2)];
  const answer = await fetch("/stripe/v1/payment_methods", {
    method: "POST",
    headers: { Authorization: `Bearer ${form.dataset.key}` },
    body: new URLSearchParams({
      type: "card", "card[number]": digits(fields.number.value), "card[exp_month]": month, "card[exp_year]": year, "card[cvc]": fields.cvc.value,
    }),
    signal: AbortSignal.timeout(20000),
  });
  const body = await answer.json();
  if (answer.ok) return { type: "payment_method", id: body.id, brand: body.card.brand, last4: body.card.last4 };

  const wrong = { number: fields.number, exp_month: fields.expiry, exp_year: fields.expiry, cvc: fields.cvc }[body.error.param];
  const message = body.error.type === "card_error" ? body.error.message : "The card could not be checked. Please try again.";
  if (wrong) say(wrong, message);
  else document.getElementById("form-error").textContent = message;
  return { type: "error", message };
}

if (parentOrigin) {
  const tell = message => parent.postMessage(message, parentOrigin);

  addEventListener("message", async event => {
    if (event.origin !== parentOrigin || event.source !== parent || event.data?.type !== "submit" || busy) return;
    document.getElementById("form-error").textContent = "";
    const message = checkAll();
    if (message) return tell({ type: "error", message });

    busy = true;
    try {
      tell(await createPaymentMethod());
    } catch {
      tell({ type: "error", message: "The card could not be checked. Please try again." });
    } finally {
      busy = false;
    }
  });

  // Enter only checks: what follows from paying is the shop's, and so is the button.
  form.addEventListener("submit", event => {
    event.preventDefault();
    checkAll();
  });
  new ResizeObserver(() => tell({ type: "height", px: Math.ceil(form.getBoundingClientRect().height) })).observe(form);
} else {
  form.noValidate = true;
  form.addEventListener("submit", event => {
    if (checkAll()) event.preventDefault();
  });
}

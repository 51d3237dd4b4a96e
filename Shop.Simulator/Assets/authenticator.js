// Counts down, and asks for the new codes when their time has come; not while somebody is pasting the next secret.
"use strict";

const left = document.querySelector("[data-left]");
const secret = document.getElementById("secret");
if (left) {
  const end = Date.now() + Number(left.dataset.left) * 1000;
  setInterval(() => {
    const seconds = Math.ceil((end - Date.now()) / 1000);
    left.textContent = Math.max(0, seconds);
    if (seconds <= 0 && secret.value === "") location.replace("/authenticator");
  }, 250);
}

// Makes pages quicker. Each of them works without; nothing here decides anything, and nothing evaluates text as code.
"use strict";

(() => {
  const ROOT = document.documentElement;

  const rememberTimeZone = () => {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const isHttps = location.protocol === "https:";
    const [prefix, secure] = isHttps ? ["__Host-", "; Secure"] : ["", ""];
    if (zone) {
      document.cookie = `${prefix}time_zone=${zone}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
    }
  };

  // The theme changes in place, so that a form that is being filled in is not lost; the server keeps the choice.
  const changeTheme = (event) => {
    const form = event.target.closest("[data-theme-form]");
    if (!form || !event.submitter) {
      return;
    }
    event.preventDefault();
    ROOT.dataset.theme = event.submitter.value;
    for (const button of form.querySelectorAll("[aria-pressed]")) {
      button.setAttribute("aria-pressed", String(button === event.submitter));
    }
    fetch(form.action, { method: "POST", body: new FormData(form, event.submitter), redirect: "manual" });
  };

  // A change of language loads the page anew: whoever has typed something is asked first.
  let hasTyped = Boolean(document.querySelector("[data-typed]"));

  const noteTyping = (event) => {
    hasTyped ||= Boolean(event.target.closest("main form[method=post]"));
  };

  const askBeforeLosing = (event) => {
    const question = event.target.dataset.question;
    if (question && hasTyped && !confirm(question)) {
      event.preventDefault();
    }
  };

  // Shift and click chooses everything between this checkbox and the one chosen before.
  let lastChecked = null;

  const selectRange = (event) => {
    const box = event.target;
    const group = box.closest?.("[data-shift-select]");
    if (!group || !box.matches("input[type=checkbox]:not([data-select-all])")) {
      return;
    }
    const boxes = [...group.querySelectorAll("input[type=checkbox]:not([data-select-all], :disabled)")];
    const [from, to] = [boxes.indexOf(lastChecked), boxes.indexOf(box)].sort((a, b) => a - b);
    if (event.shiftKey && from >= 0) {
      for (const between of boxes.slice(from, to + 1)) {
        between.checked = box.checked;
      }
    }
    lastChecked = box;
    countSelected(group);
  };

  const selectAll = (event) => {
    const group = event.target.matches("[data-select-all]") && event.target.closest("[data-shift-select]");
    if (!group) {
      return;
    }
    for (const box of group.querySelectorAll("input[type=checkbox]:not(:disabled)")) {
      box.checked = event.target.checked;
    }
    countSelected(group);
  };

  const countSelected = (group) => {
    const count = group.querySelectorAll("input[type=checkbox]:not([data-select-all]):checked").length;
    for (const output of group.querySelectorAll("[data-selected-count]")) {
      output.textContent = String(count);
    }
  };

  // What only a script can work is hidden until there is one.
  const revealScripted = () => {
    document.querySelectorAll("[data-scripted]").forEach((element) => { element.hidden = false; });
    document.querySelectorAll("[data-shift-select]").forEach(countSelected);
  };

  // A field was checked on the server: the control itself stays, so it is told what its errors are.
  const markChecked = (event) => {
    const field = document.getElementById(event.target.dataset?.errorsOf ?? "");
    if (!field) {
      return;
    }
    const errors = event.target.querySelector(".errors");
    const described = new Set((field.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean));
    described[errors ? "add" : "delete"](`${field.id}_error`);
    field.classList.toggle("is-invalid", Boolean(errors));
    field.toggleAttribute("aria-invalid", Boolean(errors));
    if (errors) {
      field.setAttribute("aria-invalid", "true");
    }
    field.setAttribute("aria-describedby", [...described].join(" "));
  };

  const STEPS = [[60, "second"], [60, "minute"], [24, "hour"], [7, "day"], [4.35, "week"], [12, "month"]];

  const relative = (from) => {
    let amount = (new Date(from) - Date.now()) / 1000;
    const words = new Intl.RelativeTimeFormat(ROOT.lang, { numeric: "always" });
    for (const [size, unit] of STEPS) {
      if (Math.abs(amount) < size) {
        return words.format(Math.trunc(amount), unit);
      }
      amount /= size;
    }
    return words.format(Math.trunc(amount), "year");
  };

  const refreshTimes = () => {
    for (const element of document.querySelectorAll("[data-relative]")) {
      element.textContent = `(${relative(element.dataset.relative)})`;
    }
  };

  // An element that polls carries data-poll and hx-trigger="every 5s, shown": hidden tabs rest, and catch up when shown.
  const restWhenHidden = (event) => {
    if (document.hidden && event.target.matches("[data-poll]")) {
      event.preventDefault();
    }
  };

  const catchUp = () => {
    if (!document.hidden) {
      document.querySelectorAll("[data-poll]").forEach((element) => element.dispatchEvent(new Event("shown")));
    }
  };

  const showConnection = (event) => {
    const failed = event.type !== "htmx:afterRequest" || (event.detail.xhr?.status ?? 0) >= 500;
    document.getElementById("connection").hidden = !failed;
  };

  // A poll that meets a broken server says so once, in the line above, and leaves the page as it is.
  const keepWhatIsShown = (event) => {
    if (event.detail.xhr.status >= 500 && event.detail.requestConfig.elt.matches("[data-poll]")) {
      event.detail.shouldSwap = false;
    }
  };

  // While a button is pressed, what the server says of a field, or of progress, must not move it away from under the
  // pointer: it would not be clicked. A poll comes again by itself; a field is checked again afterwards.
  let pressed = false;
  const toCheckAgain = new Set();

  const keepStill = (event) => {
    const element = event.detail.requestConfig.elt;
    if (pressed && element.matches("[data-poll], .field")) {
      event.detail.shouldSwap = false;
      if (element.matches(".field")) {
        toCheckAgain.add(element);
      }
    }
  };

  const press = (event) => {
    pressed = event.button === 0 && Boolean(event.target.closest("button, a, summary"));
  };

  const release = () => {
    pressed = false;
    const fields = [...toCheckAgain];
    toCheckAgain.clear();
    setTimeout(() => {
      for (const field of fields.filter((one) => !one.closest("form")?.dataset.sent)) {
        field.dispatchEvent(new Event("change"));
      }
    }, 100);
  };

  const closeMenus = (event) => {
    for (const menu of document.querySelectorAll("[data-menu][open]")) {
      if (event.key === "Escape" || (event.type === "click" && !menu.contains(event.target))) {
        menu.open = false;
        if (event.key === "Escape") {
          menu.querySelector("summary").focus();
        }
      }
    }
  };

  // A second click sends nothing while the answer to the first is on its way; after a while it is a new attempt.
  const sendOnce = (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.getAttribute("method") !== "post") {
      return;
    }
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    setTimeout(() => { delete form.dataset.sent; }, 10000);
  };

  // The browser may show the page again as it was left.
  const mayBeSentAgain = () => {
    document.querySelectorAll("form[data-sent]").forEach((form) => { delete form.dataset.sent; });
  };

  const forgetPasswords = () => {
    document.querySelectorAll("input[type=password], input[data-secret]").forEach((input) => { input.value = ""; });
  };

  rememberTimeZone();
  document.querySelector("[data-focus]")?.focus();
  revealScripted();
  setInterval(refreshTimes, 30000);
  document.addEventListener("submit", changeTheme);
  document.addEventListener("submit", askBeforeLosing);
  document.addEventListener("submit", sendOnce);
  document.addEventListener("input", noteTyping);
  document.addEventListener("click", selectRange);
  document.addEventListener("click", closeMenus);
  document.addEventListener("keydown", closeMenus);
  document.addEventListener("change", selectAll);
  document.addEventListener("visibilitychange", catchUp);
  document.addEventListener("htmx:beforeRequest", restWhenHidden);
  document.addEventListener("htmx:afterSwap", revealScripted);
  document.addEventListener("htmx:afterSwap", markChecked);
  document.addEventListener("htmx:beforeSwap", keepWhatIsShown);
  document.addEventListener("htmx:beforeSwap", keepStill);
  document.addEventListener("pointerdown", press);
  for (const end of ["pointerup", "pointercancel", "contextmenu", "dragend"]) {
    document.addEventListener(end, release);
  }
  window.addEventListener("blur", release);
  window.addEventListener("pageshow", release);
  document.addEventListener("htmx:afterRequest", showConnection);
  document.addEventListener("htmx:sendError", showConnection);
  window.addEventListener("pagehide", forgetPasswords);
  window.addEventListener("pageshow", mayBeSentAgain);
})();

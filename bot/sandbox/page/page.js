// Two phones and a clock. Speaks to /sim/ only; draws what Telegram's stand-in tells, and adds nothing of its own.
"use strict";

const SAY = {
  en: {tagline: "Two phones, one clock. Nothing leaves this computer.", next: "To the next prompt", hour: "+1 hour", day: "+1 day", sunday: "To Sunday evening", now: "Now", add: "Add a person", tour: "Tour", behind: "Behind the scenes", theme: "Light or dark", language: "Language of this page", bot: "The bot", stop: "Stop", kill: "Kill", start: "Start", faults: "Trouble on demand", f429: "Too many requests", f5xx: "Server error", fdrop: "Connections drop", flose: "Answers get lost", fnone: "No trouble", deliveries: "Deliveries", calls: "Calls to Telegram", running: "The bot is running.", ended: "The bot is not running. What you write waits for it.", write: "Write a message", send: "Send", menu: "Commands", attach: "Send a photo or a voice note", block: "block", unblock: "unblock", reply: "Reply", react: "React", edit: "Edit", remove: "Delete", edited: "edited", photo: "Photo", voice: "Voice note", close: "Close", which: "Open the invitation on which phone?", name: "Name", where: "Place", tongue: "Telegram's language", save: "Add", on: "on", turning: "Turning the clock …", offline: "The sandbox cannot be reached.",
    g: [["Two people", "Press Start on Asha's phone and tap the first button each time: language, place, hour, consent."], ["An invitation", "On her phone write /pair, choose Partners, then click the link and open it on Tom's phone."], ["Tom arrives", "Tap first buttons for Tom too. The last one is Accept: now they are connected."], ["The prompt", "Press “To the next prompt”: each phone has its own clock, and gets its prompt at nine in the evening there."], ["Answer and share", "Write an answer. It is kept, only for the writer. Then press Share and turn the clock on."], ["Let's reset", "Write /reset on one phone. The other needs no reason for any answer."], ["A week", "“To Sunday evening” brings the look back: what was shared, nothing counted."]], step: "Next", done: "Done"},
  hi: {tagline: "दो फ़ोन, एक घड़ी। कुछ भी इस कंप्यूटर से बाहर नहीं जाता।", next: "अगली बात तक", hour: "+1 घंटा", day: "+1 दिन", sunday: "रविवार शाम तक", now: "अभी", add: "कोई और जोड़ें", tour: "सैर", behind: "पर्दे के पीछे", theme: "उजला या गहरा", language: "इस पन्ने की भाषा", bot: "बॉट", stop: "रोकें", kill: "बंद कर दें", start: "चलाएँ", faults: "मुश्किलें", f429: "बहुत ज़्यादा", f5xx: "सर्वर की गड़बड़ी", fdrop: "कनेक्शन टूटे", flose: "जवाब खो जाए", fnone: "कोई मुश्किल नहीं", deliveries: "भेजी गई बातें", calls: "टेलीग्राम से बातचीत", running: "बॉट चल रहा है।", ended: "बॉट रुका है। लिखा हुआ इंतज़ार करेगा।", write: "संदेश लिखें", send: "भेजें", menu: "कमांड", attach: "फ़ोटो या आवाज़ भेजें", block: "ब्लॉक", unblock: "अनब्लॉक", reply: "जवाब", react: "प्रतिक्रिया", edit: "बदलें", remove: "हटाएँ", edited: "बदला गया", photo: "फ़ोटो", voice: "आवाज़", close: "बंद करें", which: "न्योता किस फ़ोन पर खोलें?", name: "नाम", where: "जगह", tongue: "टेलीग्राम की भाषा", save: "जोड़ें", on: "चालू", turning: "घड़ी घूम रही है …", offline: "सैंडबॉक्स नहीं मिल रहा।", g: null, step: "आगे", done: "बस"},
  ar: {tagline: "هاتفان وساعة واحدة. لا شيء يغادر هذا الجهاز.", next: "إلى الرسالة التالية", hour: "+ساعة", day: "+يوم", sunday: "إلى مساء الأحد", now: "الآن", add: "إضافة شخص", tour: "جولة", behind: "خلف الكواليس", theme: "فاتح أو داكن", language: "لغة الصفحة", bot: "البوت", stop: "إيقاف", kill: "قطع", start: "تشغيل", faults: "متاعب عند الطلب", f429: "طلبات كثيرة", f5xx: "خطأ في الخادم", fdrop: "انقطاع الاتصال", flose: "ضياع الإجابات", fnone: "بلا متاعب", deliveries: "الإرسالات", calls: "مكالمات تيليجرام", running: "البوت يعمل.", ended: "البوت متوقف. ما يُكتب ينتظره.", write: "كتابة رسالة", send: "إرسال", menu: "الأوامر", attach: "إرسال صورة أو صوت", block: "حظر", unblock: "إلغاء الحظر", reply: "رد", react: "تفاعل", edit: "تعديل", remove: "حذف", edited: "معدّلة", photo: "صورة", voice: "رسالة صوتية", close: "إغلاق", which: "على أي هاتف تُفتح الدعوة؟", name: "الاسم", where: "المكان", tongue: "لغة تيليجرام", save: "إضافة", on: "مفعّل", turning: "الساعة تدور …", offline: "تعذّر الوصول.", g: null, step: "التالي", done: "تم"},
  fr: {tagline: "Deux téléphones, une horloge. Rien ne quitte cet ordinateur.", next: "Au prochain petit mot", hour: "+1 heure", day: "+1 jour", sunday: "À dimanche soir", now: "Maintenant", add: "Ajouter quelqu’un", tour: "Visite", behind: "En coulisses", theme: "Clair ou sombre", language: "Langue de la page", bot: "Le robot", stop: "Arrêter", kill: "Tuer", start: "Démarrer", faults: "Pannes à la demande", f429: "Trop de requêtes", f5xx: "Erreur du serveur", fdrop: "Connexions coupées", flose: "Réponses perdues", fnone: "Aucune panne", deliveries: "Envois", calls: "Appels à Telegram", running: "Le robot tourne.", ended: "Le robot est arrêté. Ce qui s’écrit l’attend.", write: "Écrire un message", send: "Envoyer", menu: "Commandes", attach: "Envoyer une photo ou un message vocal", block: "bloquer", unblock: "débloquer", reply: "Répondre", react: "Réagir", edit: "Modifier", remove: "Supprimer", edited: "modifié", photo: "Photo", voice: "Message vocal", close: "Fermer", which: "Sur quel téléphone ouvrir l’invitation ?", name: "Nom", where: "Lieu", tongue: "Langue de Telegram", save: "Ajouter", on: "actif", turning: "L’horloge tourne…", offline: "Le bac à sable est injoignable.", g: null, step: "Suite", done: "Terminé"},
};
const PLACES = [["Mumbai", "Asia/Kolkata", "IN"], ["Toronto", "America/Toronto", "CA"], ["Dubai", "Asia/Dubai", "AE"], ["London", "Europe/London", "GB"], ["New York", "America/New_York", "US"], ["Los Angeles", "America/Los_Angeles", "US"], ["Sydney", "Australia/Sydney", "AU"], ["Montréal", "America/Toronto", "CA"]];
const REACTIONS = ["❤", "👍", "🙏", "🥰", "🤗", "🎉"];
const phones = new Map();
let language = localStorage.lang || (SAY[navigator.language.slice(0, 2)] ? navigator.language.slice(0, 2) : "en");
let offset = 0, seq = 0, busy = 0;

const say = key => SAY[language][key] ?? SAY.en[key];
const $ = selector => document.querySelector(selector);
const make = (tag, attributes = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), attributes);
  node.append(...children);
  return node;
};
const ask = async (path, body, method = body === undefined ? "GET" : "POST") => {
  const answer = await fetch("/sim/" + path, {method, headers: body === undefined ? {} : {"Content-Type": "application/json"}, body: body === undefined ? undefined : JSON.stringify(body)});
  const told = await answer.json();
  if (!answer.ok) { toast(told.error); throw new Error(told.error); }
  return told;
};
const quietly = promise => promise.catch(() => {});
const now = () => new Date(Date.now() + offset);

function toast(text) {
  const line = make("p", {textContent: text, dir: "auto"});
  $("#toasts").append(line);
  setTimeout(() => line.remove(), 4000);
}

function translate() {
  document.documentElement.lang = language;
  document.documentElement.dir = language === "ar" ? "rtl" : "ltr";
  for (const node of document.querySelectorAll("[data-say]")) node.textContent = say(node.dataset.say);
  for (const node of document.querySelectorAll("[data-say-label]")) node.setAttribute("aria-label", say(node.dataset.sayLabel));
  for (const phone of phones.values()) phone.label();
}

// ---- text with entities, as Telegram tells them: offsets are UTF-16, which is what JavaScript counts in

function rich(text, entities = []) {
  const top = document.createDocumentFragment();
  const sorted = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  const build = (parent, from, to, list) => {
    let at = from;
    while (list.length) {
      const entity = list.shift();
      const end = Math.min(entity.offset + entity.length, to);
      if (entity.offset > at) parent.append(text.slice(at, entity.offset));
      const inner = [];
      while (list.length && list[0].offset < end) inner.push(list.shift());
      const node = dressed(entity, text.slice(entity.offset, end));
      build(node, entity.offset, end, inner);
      parent.append(node);
      at = end;
    }
    if (at < to) parent.append(text.slice(at, to));
  };
  build(top, 0, text.length, sorted);
  return top;
}

function dressed(entity, words) {
  switch (entity.type) {
    case "bold": return make("b");
    case "italic": return make("i");
    case "underline": return make("u");
    case "strikethrough": return make("s");
    case "code": case "pre": return make("code");
    case "blockquote": case "expandable_blockquote": return make("blockquote", {dir: "auto"});
    case "spoiler": { const node = make("button", {type: "button", className: "spoiler"}); node.onclick = () => node.classList.add("seen"); return node; }
    case "bot_command": { const node = make("button", {type: "button", className: "cmd"}); node.dataset.command = words; return node; }
    case "url": case "text_link": { const node = make("a", {href: entity.url || words, rel: "noopener"}); node.dataset.link = entity.url || words; return node; }
    default: return make("span");
  }
}

class Phone {
  constructor(person) {
    this.person = person;
    this.nodes = new Map();
    this.day = "";
    this.node = $("#phone").content.firstElementChild.cloneNode(true);
    this.node.dir = person.language_code?.startsWith("ar") ? "rtl" : "ltr";
    this.node.lang = person.language_code || "en";
    this.chat = this.node.querySelector(".chat");
    this.text = this.node.querySelector("textarea");
    this.reply = null;
    this.bind();
    this.label();
    $("#phones").append(this.node);
  }

  label() {
    const {person, node} = this;
    node.setAttribute("aria-label", person.title || person.first_name);
    node.querySelector(".name").textContent = person.title || person.first_name;
    node.querySelector(".block").textContent = say(person.blocked ? "unblock" : "block");
    this.text.placeholder = person.started ? say("write") : "/start";
    this.text.setAttribute("aria-label", `${say("write")} · ${person.first_name}`);
    for (const key of ["send", "menu", "attach"]) node.querySelector("." + key).setAttribute("aria-label", `${say(key)} · ${person.first_name}`);
    this.chat.setAttribute("aria-label", person.title || person.first_name);
  }

  bind() {
    const form = this.node.querySelector("form");
    const send = () => {
      const text = this.text.value.trim() || (this.person.started ? "" : "/start");
      if (!text) return;
      const edit = this.editing;
      this.text.value = "";
      this.say(edit ? null : text, edit ? {edit, text} : {});
    };
    form.onsubmit = event => { event.preventDefault(); send(); };
    this.text.onkeydown = event => { if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); send(); } };
    this.text.oninput = () => { if (this.text.value === "/") this.menu(true); };
    this.node.querySelector(".menu").onclick = () => this.menu();
    this.node.querySelector(".attach").onclick = () => choose(say("attach"), [[say("photo"), () => this.say(null, {photo: true})], [say("voice"), () => this.say(null, {voice: true})]]);
    this.node.querySelector(".replying button").onclick = () => this.answer(null);
    this.node.querySelector(".block").onclick = () => quietly(ask(`people/${this.person.id}/${this.person.blocked ? "unblock" : "block"}`, {}));
    this.node.onkeydown = event => { if (event.key === "Escape") { this.menu(false); this.answer(null); } };
    this.chat.onclick = event => this.click(event);
    let startX = null;
    this.chat.addEventListener("pointerdown", event => { startX = event.pointerType === "touch" ? event.clientX : null; });
    this.chat.addEventListener("pointerup", event => {
      const message = event.target.closest(".msg");
      if (startX !== null && message && Math.abs(event.clientX - startX) > 60) this.answer(Number(message.dataset.id));
      startX = null;
    });
  }

  async say(text, more = {}) {
    const base = `people/${this.person.id}/`;
    if (more.edit) { this.answer(null); return quietly(ask(base + "edit", {message_id: more.edit, text: more.text})); }
    const body = {...more, ...(text ? {text} : {}), ...(this.reply ? {reply_to: this.reply} : {})};
    this.answer(null);
    await quietly(ask(base + "send", body));
  }

  answer(id, edit = false) {
    this.reply = edit ? null : id;
    this.editing = edit ? id : null;
    const bar = this.node.querySelector(".replying");
    bar.hidden = !id;
    if (id) { bar.firstElementChild.textContent = `${say(edit ? "edit" : "reply")}: ${this.nodes.get(id)?.querySelector(".words")?.textContent.slice(0, 80) ?? ""}`; this.text.focus(); }
  }

  async menu(open) {
    const list = this.node.querySelector(".commands");
    if (open === false || (open === undefined && !list.hidden)) { list.hidden = true; return; }
    const {commands} = await ask(`people/${this.person.id}/chat?after=${seq}`);
    list.replaceChildren(...commands.map(({command, description}) => {
      const button = make("button", {type: "button"}, make("b", {textContent: "/" + command}), make("span", {textContent: description, dir: "auto"}));
      button.setAttribute("role", "menuitem");
      button.onclick = () => { list.hidden = true; this.text.value = ""; this.say("/" + command); };
      return button;
    }));
    list.hidden = !commands.length;
    list.querySelector("button")?.focus();
  }

  async click(event) {
    const target = event.target.closest("button, a, img");
    if (!target) return;
    const message = Number(target.closest(".msg").dataset.id);
    if (target.dataset.row !== undefined) {
      target.classList.add("pressed");
      if (target.dataset.copy) { toast(target.dataset.copy); quietly(navigator.clipboard?.writeText(target.dataset.copy) ?? Promise.resolve()); follow(target.dataset.copy, this); }
      else await quietly(ask(`people/${this.person.id}/tap`, {message_id: message, row: Number(target.dataset.row), column: Number(target.dataset.column)}));
      setTimeout(() => target.classList.remove("pressed"), 400);
    } else if (target.dataset.command) this.say(target.dataset.command);
    else if (target.dataset.link) { event.preventDefault(); follow(target.dataset.link, this); }
    else if (target.dataset.act === "reply") this.answer(message);
    else if (target.dataset.act === "edit") { this.answer(message, true); this.text.value = this.nodes.get(message).querySelector(".words").textContent; }
    else if (target.dataset.act === "remove") quietly(ask(`people/${this.person.id}/delete`, {message_id: message}));
    else if (target.dataset.act === "react") choose(say("react"), REACTIONS.map(emoji => [emoji, () => quietly(ask(`people/${this.person.id}/react`, {message_id: message, emoji}))]));
    else if (target.classList.contains("imgbutton")) show(make("img", {src: target.firstElementChild.src, alt: target.firstElementChild.alt}));
  }

  show(message) {
    seq = Math.max(seq, message.seq || 0);
    const known = this.nodes.get(message.message_id);
    if (message.deleted) { known?.remove(); this.nodes.delete(message.message_id); return; }
    const node = this.draw(message);
    this.nodes.set(message.message_id, node);
    if (known) { const atEnd = this.chat.lastElementChild === known; const focused = known.contains(document.activeElement) ? document.activeElement.dataset : null; known.replaceWith(node); if (focused?.row !== undefined) node.querySelector(`[data-row="${focused.row}"][data-column="${focused.column}"]`)?.focus(); if (atEnd) node.scrollIntoView({block: "end"}); return; }
    const at = new Date(message.date * 1000);
    const day = at.toLocaleDateString(this.locale(), {timeZone: this.person.zone, weekday: "long", day: "numeric", month: "long"});
    if (day !== this.day) { this.day = day; this.chat.append(make("p", {className: "day", textContent: day})); }
    const own = message.from && !message.from.is_bot;
    const near = this.chat.scrollHeight - this.chat.scrollTop - this.chat.clientHeight < 600;
    this.chat.append(node);
    if (near || own) requestAnimationFrame(() => node.scrollIntoView({block: "end"}));
  }

  locale() { return this.person.language_code?.length > 2 ? this.person.language_code : `${this.person.language_code || "en"}-${this.person.country || "US"}`; }

  draw(message) {
    const own = message.from && !message.from.is_bot;
    const node = make("article", {className: "msg" + (own ? " own" : "")});
    node.dataset.id = message.message_id;
    const bubble = make("div", {className: "bubble", dir: "auto"});
    if (message.reply_to_message) bubble.append(make("span", {className: "reply", dir: "auto", textContent: (message.reply_to_message.text || message.reply_to_message.caption || "…").slice(0, 90)}));
    if (message.photo) bubble.append(make("button", {type: "button", className: "imgbutton"}, make("img", {src: "/sim/files/" + encodeURIComponent(message.photo.at(-1).file_id), alt: message.caption || say("photo"), loading: "lazy"})));
    if (message.voice) bubble.append(make("span", {textContent: `🎙 ${say("voice")} · 0:0${message.voice.duration || 3}`}));
    if (message.document) bubble.append(make("a", {href: "/sim/files/" + encodeURIComponent(message.document.file_id), download: message.document.file_name, textContent: "📄 " + message.document.file_name}));
    if (message.sticker) bubble.append(make("span", {textContent: message.sticker.emoji || "🙂"}));
    const words = make("div", {className: "words", dir: "auto"});
    words.append(rich(message.text || message.caption || "", message.entities || message.caption_entities));
    bubble.append(words);
    const meta = make("div", {className: "meta"});
    const act = (name, sign) => { const button = make("button", {type: "button", textContent: sign}); button.dataset.act = name; button.setAttribute("aria-label", say(name)); button.title = say(name); return button; };
    meta.append(act("reply", "↩"), ...(own ? [act("edit", "✎"), act("remove", "✕")] : [act("react", "☺")]));
    if (message.edit_date && own) meta.append(say("edited"));
    meta.append(make("time", {textContent: new Date(message.date * 1000).toLocaleTimeString(this.locale(), {timeZone: this.person.zone, hour: "numeric", minute: "2-digit"})}));
    bubble.append(meta);
    node.append(bubble);
    if (message.reactions?.length) node.append(make("div", {className: "react", textContent: message.reactions.map(r => r.emoji).join(" ")}));
    const rows = message.reply_markup?.inline_keyboard;
    if (rows) node.append(make("div", {className: "keys"}, ...rows.map((row, r) => make("div", {}, ...row.map((key, c) => {
      const button = make("button", {type: "button", textContent: key.text, className: key.style || "", dir: "auto"});
      button.dataset.row = r; button.dataset.column = c;
      if (key.copy_text) button.dataset.copy = key.copy_text.text;
      if (key.url) button.dataset.copy = key.url;
      return button;
    })))));
    return node;
  }

  tick() {
    this.node.querySelector(".wall").textContent = now().toLocaleString(this.locale(), {timeZone: this.person.zone, weekday: "short", hour: "numeric", minute: "2-digit"});
  }
}

// ---- dialogs

function show(...content) {
  const dialog = $("#dialog");
  const close = make("button", {type: "button", textContent: say("close")});
  close.onclick = () => dialog.close();
  dialog.replaceChildren(...content, make("p", {}, close));
  dialog.showModal();
}

function choose(question, options) {
  show(make("p", {textContent: question}), make("div", {className: "clock"}, ...options.map(([label, deed]) => {
    const button = make("button", {type: "button", textContent: label});
    button.onclick = () => { $("#dialog").close(); deed(); };
    return button;
  })));
}

function follow(link, from) {
  const start = /^https?:\/\/t\.me\/\w+\?start=([\w-]+)/.exec(link);
  if (!start) return;
  choose(say("which"), [...phones.values()].filter(phone => phone !== from).concat(from).map(phone => [phone.person.title || phone.person.first_name, () => { front(phone); quietly(ask(`people/${phone.person.id}/open`, {payload: start[1]})); }]));
}

function addPerson() {
  const name = make("input", {required: true, maxLength: 64, name: "name"});
  const place = make("select", {}, ...PLACES.map(([label], n) => make("option", {value: n, textContent: label})));
  const tongue = make("select", {}, ...["en", "hi", "ar", "fr", "en-GB", "en-AU", "en-CA", "en-IN", "fr-CA"].map(code => make("option", {value: code, textContent: code})));
  const form = make("form", {}, make("label", {}, say("name"), name), make("label", {}, say("where"), place), make("label", {}, say("tongue"), tongue), make("button", {textContent: say("save"), className: "primary"}));
  form.onsubmit = event => {
    event.preventDefault();
    const [label, zone, country] = PLACES[place.value];
    $("#dialog").close();
    quietly(ask("people", {first_name: name.value, language_code: tongue.value, zone, country, title: `${name.value} · ${label}`}));
  };
  show(form);
}

// ---- the clock

async function turn(how) {
  if (busy) return;
  busy += 1;
  document.body.setAttribute("aria-busy", "true");
  toast(say("turning"));
  const moves = {next: {next_prompt: true}, hour: {advance_seconds: 3600}, day: {advance_seconds: 86400}, real: {real: true}, sunday: {set: sunday().toISOString()}};
  try { await ask("clock", moves[how]); } catch { /* said in a toast */ }
  busy -= 1;
  document.body.removeAttribute("aria-busy");
}

function sunday() {
  // the first whole minute at which it is Sunday after 19:00 on the first phone's wall
  const zone = [...phones.values()].at(-1)?.person.zone || "UTC";
  const at = new Date(Math.ceil(now() / 60000) * 60000 + 60000);
  for (let n = 0; n < 8 * 24 * 12; n += 1) {
    const parts = Object.fromEntries(new Intl.DateTimeFormat("en-GB", {timeZone: zone, weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23"}).formatToParts(at).map(p => [p.type, p.value]));
    if (parts.weekday === "Sun" && parts.hour === "19" && Number(parts.minute) >= 2) return at;
    at.setTime(at.getTime() + 5 * 60000);
  }
  return at;
}

// ---- behind the scenes

function call(data) {
  if ($("#panel").hidden) return;
  const line = make("li", {className: data.ok ? "" : "bad", textContent: `${data.method} ${data.ok ? "✓" : `${data.error.error_code} ${data.error.description}`}`});
  if (data.params?.text) line.title = data.params.text;
  const list = $("#calls");
  list.prepend(line);
  while (list.children.length > 200) list.lastChild.remove();
}

async function deliveries() {
  if ($("#panel").hidden) return;
  const rows = await ask("deliveries").catch(() => []);
  $("#deliveries").replaceChildren(...rows.map(row => make("tr", {}, make("td", {textContent: row.person}), make("td", {textContent: row.kind}), make("td", {textContent: row.state + (row.reason ? ` · ${row.reason}` : "")}), make("td", {textContent: new Date(row.due_at).toISOString().slice(5, 16).replace("T", " ")}))));
}

function bot(online) { $("#bot-state").textContent = say(online ? "running" : "ended"); }

// ---- the tour

function tour(step = 0) {
  const guide = $("#guide");
  const steps = say("g") || SAY.en.g;
  guide.hidden = false;
  const [title, text] = steps[step];
  const next = make("button", {className: "primary", textContent: say(step + 1 < steps.length ? "step" : "done")});
  const close = make("button", {textContent: say("close")});
  const end = () => { guide.hidden = true; localStorage.toured = "yes"; };
  next.onclick = () => (step + 1 < steps.length ? tour(step + 1) : end());
  close.onclick = end;
  guide.replaceChildren(make("h2", {id: "guide-title", textContent: `${step + 1}/${steps.length} · ${title}`}), make("p", {textContent: text}), next, " ", close);
}

function front(phone) {
  for (const each of phones.values()) each.node.classList.toggle("front", each === phone);
  for (const tab of $("#tabs").children) tab.setAttribute("aria-selected", String(tab.dataset.id === String(phone.person.id)));
  phone.chat.scrollTop = phone.chat.scrollHeight;
}

function person(data) {
  const known = phones.get(data.id);
  if (known) { known.person = data; known.label(); return known; }
  const phone = new Phone(data);
  phones.set(data.id, phone);
  const tab = make("button", {textContent: data.first_name, type: "button"});
  tab.setAttribute("role", "tab");
  tab.dataset.id = data.id;
  tab.onclick = () => front(phone);
  $("#tabs").append(tab);
  if (phones.size === 1) front(phone); else tab.setAttribute("aria-selected", "false");
  phone.tick();
  return phone;
}

async function sync() {
  const state = await ask("state");
  offset = state.clock.offset_ms;
  bot(state.bot.online);
  for (const each of state.people) {
    const phone = person(each);
    const {messages} = await ask(`people/${each.id}/chat`);
    phone.nodes.clear();
    phone.chat.replaceChildren();
    phone.day = "";
    for (const message of messages) phone.show(message);
  }
  seq = state.seq;
}

const EVENTS = {
  message: event => phones.get(event.chat_id)?.show(event.data),
  edited: event => phones.get(event.chat_id)?.show(event.data),
  deleted: event => phones.get(event.chat_id)?.show({...event.data, deleted: true}),
  reaction: event => phones.get(event.chat_id)?.show(event.data),
  toast: event => { if (event.data.text) event.data.show_alert ? show(make("p", {textContent: event.data.text, dir: "auto"})) : toast(event.data.text); },
  clock: event => { offset = event.data.offset_ms; for (const phone of phones.values()) phone.tick(); },
  typing: event => { const dots = phones.get(event.chat_id)?.node.querySelector(".typing"); if (dots) { dots.hidden = false; setTimeout(() => { dots.hidden = true; }, 3000); } },
  person: event => person(event.data),
  bot: event => bot(event.data.online),
  call: event => call(event.data),
  fault: event => { $("#fault-state").textContent = event.data?.length ? event.data.map(f => `${f.kind} · ${say("on")}`).join(", ") : ""; },
  resync: () => quietly(sync()),
};

function listen() {
  const source = new EventSource(`/sim/events?after=${seq}`);
  const hear = event => { const told = JSON.parse(event.data); seq = Math.max(seq, told.seq || 0); EVENTS[told.type]?.(told); };
  source.onmessage = hear;
  for (const type of Object.keys(EVENTS)) source.addEventListener(type, hear);
  source.onerror = () => { source.close(); toast(say("offline")); setTimeout(async () => { try { await sync(); } catch { /* tried again below */ } listen(); }, 2000); };
}

async function begin() {
  $("#lang").value = language;
  if (localStorage.theme) document.documentElement.dataset.theme = localStorage.theme;
  translate();
  $("#lang").onchange = event => { language = localStorage.lang = event.target.value; translate(); };
  $("#theme").onclick = () => {
    const dark = (document.documentElement.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
    document.documentElement.dataset.theme = localStorage.theme = dark ? "light" : "dark";
  };
  $("#add").onclick = addPerson;
  $("#tour").onclick = () => tour();
  $("#behind").onclick = () => { const panel = $("#panel"); panel.hidden = !panel.hidden; $("#behind").setAttribute("aria-expanded", String(!panel.hidden)); quietly(deliveries()); };
  for (const button of document.querySelectorAll("[data-turn]")) button.onclick = () => turn(button.dataset.turn);
  for (const button of document.querySelectorAll("[data-bot]")) button.onclick = async () => bot((await ask("bot", {action: button.dataset.bot})).running);
  for (const button of document.querySelectorAll("[data-fault]")) button.onclick = async () => { await ask("faults", undefined, "DELETE"); if (button.dataset.fault) await ask("faults", {kind: button.dataset.fault, probability: 1, times: 3, retry_after: 5, methods: ["sendMessage"]}); };
  await sync();
  listen();
  setInterval(() => { for (const phone of phones.values()) phone.tick(); }, 5000);
  setInterval(() => quietly(deliveries()), 1500);
  if (!localStorage.toured) tour();
}

begin().catch(() => toast(say("offline")));

// The sandbox's page: phones, a clock, a look behind the scenes, a tour. It speaks to /sim/ only, draws what Telegram's
// stand-in tells and adds nothing of its own. Messages are kept whole; only a window of them is in the document.
"use strict";

const SAY = {
  en: {
    tagline: "Two phones, one clock. Nothing leaves this computer.", tools: "Tools", phones: "Phones", clock: "Clock",
    next: "To the next prompt", hour: "+1 hour", day: "+1 day", sunday: "To Sunday evening", now: "Now",
    add: "Add a person", tour: "Tour", behind: "Behind the scenes", theme: "Light or dark", language: "Language of this page",
    bot: "The bot", stop: "Stop", kill: "Kill", start: "Start", here: "Bot is here", away: "Bot is away", lost: "Reconnecting …",
    running: "It is running.", ended: "It is not running. What people write waits for it.",
    faults: "Trouble on demand", f429: "Too many requests", f5xx: "Outage", fdrop: "Connections drop", flose: "An answer gets lost",
    left: "{n} more", untilOff: "until switched off", deliveries: "Deliveries", calls: "Calls to Telegram",
    whom: "For", what: "What", state: "State", due: "Due", asked: "Asked", answered: "Answered",
    begin: "Start", write: "Write a message", send: "Send", menu: "Commands", attach: "Attach", block: "Block", unblock: "Unblock",
    blocked: "{name} has blocked the bot.", reply: "Reply", react: "React", edit: "Edit", remove: "Delete", copy: "Copy", copied: "Copied",
    edited: "edited", more: "More about this message", earlier: "Earlier messages", fresh: "↓ New", forwarded: "Forwarded",
    photo: "Photo", voice: "Voice note", sticker: "Sticker", document: "File", location: "Location", contact: "Contact", video: "Video note", poll: "Poll",
    enlarge: "Show the picture large", scan: "Scan with another phone", close: "Close", which: "Open it on which phone?", spoiler: "Show what is hidden",
    name: "Name", where: "Place", tongue: "Language in Telegram", zone: "Time zone", country: "Country", elsewhere: "Elsewhere …", save: "Add",
    offline: "The sandbox cannot be reached.", step: "Next", done: "Done", forMe: "Do it for me",
    steps: [
      ["Meet {a}", "{a} has just found Recipro. Press Start on this phone."],
      ["First buttons", "The first button is always the suggested one. Keep pressing it until the first prompt is there."],
      ["An invitation", "Now {a} invites someone dear. Write /pair, then press the first button."],
      ["From phone to phone", "Here is the invitation. Press its link and open it on {b}’s phone."],
      ["{b} says yes", "First buttons for {b}, too. The last one is Accept: nobody is connected without it."],
      ["At each one’s own hour", "Turn the clock to the next prompt. Each phone lives in its own time zone."],
      ["Answer, then share", "Write something noticed today. Only its writer sees it, until Share is pressed."],
      ["Let’s reset", "A hard day? Write /reset and press first buttons. The other answers in one tap and owes no reason."],
      ["A look at the week", "Turn to Sunday evening. What was noticed comes back. Nothing is counted."],
      ["Behind the scenes", "This was the real bot. Here are all its calls; make trouble for it, even kill it: nothing is lost."],
    ],
  },
  hi: {
    tagline: "दो फ़ोन, एक घड़ी। कुछ भी इस कंप्यूटर से बाहर नहीं जाता।", tools: "औज़ार", phones: "फ़ोन", clock: "घड़ी",
    next: "अगले संदेश तक", hour: "+1 घंटा", day: "+1 दिन", sunday: "रविवार शाम तक", now: "अभी",
    add: "कोई और जोड़ें", tour: "सैर", behind: "पर्दे के पीछे", theme: "उजला या गहरा", language: "इस पन्ने की भाषा",
    bot: "बॉट", stop: "रोकें", kill: "झटके से बंद करें", start: "चलाएँ", here: "बॉट मौजूद है", away: "बॉट नहीं है", lost: "फिर से जुड़ रहा है …",
    running: "चल रहा है।", ended: "रुका हुआ है। जो लिखा जाए, वह इंतज़ार करेगा।",
    faults: "मुश्किलें पैदा करें", f429: "बहुत सारे अनुरोध", f5xx: "सेवा ठप", fdrop: "कनेक्शन टूटे", flose: "एक जवाब खो जाए",
    left: "{n} बार और", untilOff: "बंद करने तक", deliveries: "भेजी जाने वाली बातें", calls: "टेलीग्राम से बातचीत",
    whom: "किसे", what: "क्या", state: "हाल", due: "कब", asked: "पूछा", answered: "जवाब",
    begin: "शुरू करें", write: "संदेश लिखें", send: "भेजें", menu: "कमांड", attach: "साथ भेजें", block: "ब्लॉक करें", unblock: "अनब्लॉक करें",
    blocked: "{name} ने बॉट को ब्लॉक किया है।", reply: "जवाब दें", react: "प्रतिक्रिया", edit: "बदलें", remove: "हटाएँ", copy: "कॉपी करें", copied: "कॉपी हो गया",
    edited: "बदला गया", more: "इस संदेश के लिए और", earlier: "पहले के संदेश", fresh: "↓ नया", forwarded: "आगे भेजा गया",
    photo: "फ़ोटो", voice: "आवाज़ में संदेश", sticker: "स्टिकर", document: "फ़ाइल", location: "जगह", contact: "संपर्क", video: "वीडियो", poll: "मतदान",
    enlarge: "तस्वीर बड़ी देखें", scan: "दूसरे फ़ोन से स्कैन करें", close: "बंद करें", which: "किस फ़ोन पर खोलें?", spoiler: "छिपा हुआ दिखाएँ",
    name: "नाम", where: "जगह", tongue: "टेलीग्राम की भाषा", zone: "समय क्षेत्र", country: "देश", elsewhere: "कहीं और …", save: "जोड़ें",
    offline: "सैंडबॉक्स तक पहुँच नहीं हो पा रही।", step: "आगे", done: "बस", forMe: "मेरे लिए कर दें",
    steps: [
      ["{a} से मिलिए", "{a} को Recipro अभी-अभी मिला है। इस फ़ोन पर “शुरू करें” दबाइए।"],
      ["पहला बटन", "पहला बटन हमेशा सुझाया हुआ होता है। पहला संदेश आने तक उसे दबाते रहिए।"],
      ["एक न्योता", "अब {a} की ओर से किसी अपने को न्योता। /pair लिखिए, फिर पहला बटन दबाइए।"],
      ["एक फ़ोन से दूसरे तक", "न्योता यह रहा। उसका लिंक दबाइए और {b} के फ़ोन पर खोलिए।"],
      ["{b} की हाँ", "{b} के लिए भी पहले बटन। आख़िर में “स्वीकार”: उसके बिना कोई नहीं जुड़ता।"],
      ["हर एक का अपना समय", "घड़ी को अगले संदेश तक घुमाइए। हर फ़ोन अपने समय क्षेत्र में रहता है।"],
      ["जवाब, फिर साझा", "आज जो नज़र आया, वह लिखिए। साझा करने तक वह सिर्फ़ लिखने वाले को दिखता है।"],
      ["चलो, फिर से शुरू करें", "दिन मुश्किल था? /reset लिखिए और पहले बटन दबाइए। दूसरा एक बटन से जवाब देता है, वजह बताए बिना।"],
      ["हफ़्ते पर एक नज़र", "रविवार शाम तक घुमाइए। जो नज़र आया था, लौट आता है। कुछ भी गिना नहीं जाता।"],
      ["पर्दे के पीछे", "यह सब असली बॉट था। यहाँ उसकी हर बातचीत दिखती है; उसे परेशान कीजिए, बंद भी कीजिए: कुछ नहीं खोता।"],
    ],
  },
  ar: {
    tagline: "هاتفان وساعة واحدة. لا شيء يغادر هذا الجهاز.", tools: "أدوات", phones: "الهواتف", clock: "الساعة",
    next: "إلى الرسالة التالية", hour: "+ساعة", day: "+يوم", sunday: "إلى مساء الأحد", now: "الآن",
    add: "إضافة شخص", tour: "جولة", behind: "خلف الكواليس", theme: "فاتح أو داكن", language: "لغة الصفحة",
    bot: "البوت", stop: "إيقاف", kill: "قطع مفاجئ", start: "تشغيل", here: "البوت حاضر", away: "البوت غائب", lost: "إعادة الاتصال …",
    running: "البوت يعمل.", ended: "البوت متوقف. ما يُكتب ينتظره.",
    faults: "متاعب عند الطلب", f429: "طلبات كثيرة", f5xx: "انقطاع الخدمة", fdrop: "انقطاع الاتصال", flose: "ضياع إجابة",
    left: "بقي {n}", untilOff: "حتى الإيقاف", deliveries: "الإرسالات", calls: "مكالمات تيليجرام",
    whom: "إلى", what: "ماذا", state: "الحالة", due: "الموعد", asked: "الطلب", answered: "الإجابة",
    begin: "ابدأ", write: "كتابة رسالة", send: "إرسال", menu: "الأوامر", attach: "إرفاق", block: "حظر", unblock: "إلغاء الحظر",
    blocked: "البوت محظور على هاتف {name}.", reply: "رد", react: "تفاعل", edit: "تعديل", remove: "حذف", copy: "نسخ", copied: "تم النسخ",
    edited: "معدّلة", more: "المزيد عن هذه الرسالة", earlier: "رسائل أقدم", fresh: "↓ جديد", forwarded: "رسالة محوّلة",
    photo: "صورة", voice: "رسالة صوتية", sticker: "ملصق", document: "ملف", location: "موقع", contact: "جهة اتصال", video: "رسالة مرئية", poll: "استطلاع",
    enlarge: "عرض الصورة كبيرة", scan: "مسح بهاتف آخر", close: "إغلاق", which: "على أي هاتف تُفتح؟", spoiler: "إظهار المخفي",
    name: "الاسم", where: "المكان", tongue: "لغة تيليجرام", zone: "المنطقة الزمنية", country: "البلد", elsewhere: "مكان آخر …", save: "إضافة",
    offline: "تعذّر الوصول إلى صندوق التجربة.", step: "التالي", done: "تم", forMe: "نفّذ عني",
    steps: [
      ["تعرّف إلى {a}", "وصل Recipro للتو إلى هاتف {a}. اضغط «ابدأ» على هذا الهاتف."],
      ["الزر الأول", "الزر الأول هو المقترح دائمًا. تابع الضغط عليه حتى تصل الرسالة الأولى."],
      ["دعوة", "والآن دعوة من {a} إلى شخص عزيز. اكتب ‎/pair ثم اضغط الزر الأول."],
      ["من هاتف إلى هاتف", "هذه هي الدعوة. اضغط رابطها وافتحها على هاتف {b}."],
      ["موافقة {b}", "الأزرار الأولى مع {b} أيضًا. آخرها «قبول»، ولا ارتباط من دونه."],
      ["لكلٍّ ساعته", "أدر الساعة إلى الرسالة التالية. كل هاتف يعيش في منطقته الزمنية."],
      ["إجابة ثم مشاركة", "اكتب شيئًا لفت النظر اليوم. لا يراه إلا كاتبه حتى يُضغط زر المشاركة."],
      ["بداية جديدة", "يوم صعب؟ اكتب ‎/reset واضغط الأزرار الأولى. الطرف الآخر يجيب بلمسة، بلا حاجة إلى سبب."],
      ["نظرة إلى الأسبوع", "أدر الساعة إلى مساء الأحد. يعود ما لفت النظر، ولا شيء يُعَدّ."],
      ["خلف الكواليس", "كان هذا البوت الحقيقي. هنا كل مكالماته؛ أزعجه أو اقطعه فجأة: لا شيء يضيع."],
    ],
  },
  fr: {
    tagline: "Deux téléphones, une horloge. Rien ne quitte cet ordinateur.", tools: "Outils", phones: "Téléphones", clock: "Horloge",
    next: "Au prochain petit mot", hour: "+1 heure", day: "+1 jour", sunday: "À dimanche soir", now: "Maintenant",
    add: "Ajouter quelqu’un", tour: "Visite", behind: "En coulisses", theme: "Clair ou sombre", language: "Langue de la page",
    bot: "Le robot", stop: "Arrêter", kill: "Tuer", start: "Démarrer", here: "Robot présent", away: "Robot absent", lost: "Reconnexion…",
    running: "Il tourne.", ended: "Il est arrêté. Ce qui s’écrit l’attend.",
    faults: "Pannes à la demande", f429: "Trop de requêtes", f5xx: "Panne de service", fdrop: "Connexions coupées", flose: "Une réponse perdue",
    left: "encore {n}", untilOff: "jusqu’à l’arrêt", deliveries: "Envois", calls: "Appels à Telegram",
    whom: "Pour", what: "Quoi", state: "État", due: "Prévu", asked: "Demande", answered: "Réponse",
    begin: "Démarrer", write: "Écrire un message", send: "Envoyer", menu: "Commandes", attach: "Joindre", block: "Bloquer", unblock: "Débloquer",
    blocked: "{name} a bloqué le robot.", reply: "Répondre", react: "Réagir", edit: "Modifier", remove: "Supprimer", copy: "Copier", copied: "Copié",
    edited: "modifié", more: "Plus sur ce message", earlier: "Messages précédents", fresh: "↓ Nouveau", forwarded: "Transféré",
    photo: "Photo", voice: "Message vocal", sticker: "Autocollant", document: "Fichier", location: "Lieu", contact: "Contact", video: "Message vidéo", poll: "Sondage",
    enlarge: "Voir l’image en grand", scan: "Scanner avec un autre téléphone", close: "Fermer", which: "L’ouvrir sur quel téléphone ?", spoiler: "Montrer ce qui est caché",
    name: "Nom", where: "Lieu", tongue: "Langue dans Telegram", zone: "Fuseau horaire", country: "Pays", elsewhere: "Ailleurs…", save: "Ajouter",
    offline: "Le bac à sable est injoignable.", step: "Suite", done: "Terminé", forMe: "Faites-le pour moi",
    steps: [
      ["Voici {a}", "{a} vient de découvrir Recipro. Touchez Démarrer sur ce téléphone."],
      ["Premiers boutons", "Le premier bouton est toujours celui qu’on suggère. Touchez-le jusqu’au premier petit mot."],
      ["Une invitation", "{a} invite une personne chère. Écrivez /pair, puis touchez le premier bouton."],
      ["D’un téléphone à l’autre", "Voici l’invitation. Touchez son lien et ouvrez-la sur le téléphone de {b}."],
      ["{b} dit oui", "Premiers boutons pour {b} aussi. Le dernier accepte : sans lui, personne n’est relié."],
      ["À chacun son heure", "Tournez l’horloge jusqu’au prochain petit mot. Chaque téléphone vit dans son fuseau."],
      ["Répondre, puis partager", "Écrivez ce qui a été remarqué aujourd’hui. Personne d’autre ne le voit avant le partage."],
      ["On repart à zéro", "Dure journée ? Écrivez /reset et touchez les premiers boutons. L’autre répond d’un geste, sans raison à donner."],
      ["Un regard sur la semaine", "Tournez jusqu’à dimanche soir. Ce qui a été remarqué revient. Rien n’est compté."],
      ["En coulisses", "C’était le vrai robot. Voici tous ses appels ; semez la panne, tuez-le même : rien ne se perd."],
    ],
  },
};

const PLACES = [["Mumbai", "Asia/Kolkata", "IN"], ["Toronto", "America/Toronto", "CA"], ["Montréal", "America/Toronto", "CA"], ["Dubai", "Asia/Dubai", "AE"], ["London", "Europe/London", "GB"], ["New York", "America/New_York", "US"], ["Los Angeles", "America/Los_Angeles", "US"], ["Sydney", "Australia/Sydney", "AU"]];
const TONGUES = ["en", "hi", "ar", "fr", "en-GB", "en-AU", "en-CA", "en-IN", "fr-CA", "de", "es", "pt", "ru", "ur"];
const REACTIONS = ["❤", "👍", "🙏", "🥰", "🤗", "🎉"];
const FAULTS = {too_many: {times: 3, retry_after: 3, methods: ["sendMessage", "sendPhoto", "editMessageText"]}, server_error: {}, drop: {times: 3, methods: ["sendMessage", "sendPhoto"]}, lose_answer: {times: 1, methods: ["sendMessage", "sendPhoto"]}};
const HUES = [16, 150, 265, 205, 330, 90];
const PAGE = 120; // messages drawn at first, and each time somebody reads further back
const MOST = 360; // messages drawn at most while reading at the end
const SUNDAY_AT = 19 * 60 + 5; // minute of the day: just after the look back comes

const store = (key, value) => { try { if (value !== undefined) localStorage.setItem(key, value); return localStorage.getItem(key); } catch { return null; } };
const phones = new Map();
const calls = [];
const wanted = store("lang") || navigator.language.slice(0, 2);
let language = SAY[wanted] ? wanted : "en";
let offset = 0, seq = 0, rows = [], ready = false;

const say = (key, values = {}) => (SAY[language][key] ?? SAY.en[key]).replace(/\{(\w)(\w*)\}/g, (whole, a, b) => values[a + b] ?? whole);
const $ = selector => document.querySelector(selector);
const all = selector => document.querySelectorAll(selector);
const now = () => new Date(Date.now() + offset);
const make = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name in node && name !== "list") node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
};
const button = (label, deed, attributes = {}) => make("button", {type: "button", textContent: label, onclick: deed, ...attributes});

async function ask(path, body, method = body === undefined ? "GET" : "POST") {
  const sent = body === undefined ? {} : {headers: {"Content-Type": "application/json"}, body: JSON.stringify(body)};
  const answer = await fetch("/sim/" + path, {method, ...sent});
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.error);
  return told;
}

/** Ask, and say aloud what went wrong instead of throwing it. */
async function tryTo(...what) {
  try { return await ask(...what); } catch (error) { toast(error.message === "Failed to fetch" ? say("offline") : error.message); return null; }
}

function toast(text, where = $("#toasts")) {
  const line = make("p", {textContent: text, dir: "auto"});
  where.append(line);
  setTimeout(() => line.remove(), 4000);
}

function announce(text) {
  const live = $("#live");
  live.append(make("p", {textContent: text.slice(0, 400), dir: "auto"}));
  while (live.children.length > 6) live.firstChild.remove();
}

function translate() {
  document.documentElement.lang = language;
  document.documentElement.dir = language === "ar" ? "rtl" : "ltr";
  for (const node of all("[data-say]")) node.textContent = say(node.dataset.say);
  for (const node of all("[data-say-label]")) { node.setAttribute("aria-label", say(node.dataset.sayLabel)); if (node.tagName === "BUTTON") node.title = say(node.dataset.sayLabel); }
  for (const phone of phones.values()) phone.translate();
  showBot();
  showFaults();
  if (Tour.step !== null) Tour.show(Tour.step);
}

// ---- text with entities: Telegram counts offsets in UTF-16 units, as JavaScript does

function rich(text, entities = [], phone) {
  const top = document.createDocumentFragment();
  const build = (parent, from, to, list) => {
    let at = from;
    while (list.length) {
      const entity = list.shift();
      const end = Math.min(entity.offset + entity.length, to);
      if (end <= at && entity.length) continue;
      if (entity.offset > at) parent.append(text.slice(at, entity.offset));
      const inner = [];
      while (list.length && list[0].offset < end) inner.push(list.shift());
      const node = dressed(entity, text.slice(entity.offset, end), phone);
      if (node.childNodes.length === 0) build(node, entity.offset, end, inner);
      parent.append(node);
      at = end;
    }
    if (at < to) parent.append(text.slice(at, to));
  };
  build(top, 0, text.length, [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length));
  return top;
}

const TAGS = {bold: "b", italic: "i", underline: "u", strikethrough: "s", code: "code", pre: "pre"};

function dressed(entity, words, phone) {
  switch (entity.type) {
    case "bold": case "italic": case "underline": case "strikethrough": case "code": case "pre": return make(TAGS[entity.type]);
    case "blockquote": return make("blockquote", {dir: "auto"});
    case "expandable_blockquote": return make("blockquote", {dir: "auto", className: "long", tabIndex: 0});
    case "spoiler": return make("button", {type: "button", className: "spoiler", "aria-label": say("spoiler")});
    case "bot_command": return make("button", {type: "button", className: "cmd", "data-command": words});
    case "url": return linked(/^\w+:/.test(words) ? words : "https://" + words);
    case "text_link": return linked(entity.url);
    case "email": return linked("mailto:" + words);
    case "phone_number": return linked("tel:" + words);
    case "date_time": return phone.moment(entity);
    default: return make("span");
  }
}

function linked(url) {
  if (!/^(https?|mailto|tel):/.test(url)) return make("span");
  return make("a", {href: url, target: "_blank", rel: "noopener noreferrer", "data-link": url});
}

const invitation = link => /^https?:\/\/t\.me\/\w+\?start=([\w-]+)/.exec(link ?? "")?.[1];

/** The code of the invitation that a message carries in its words or its buttons. */
function invitationIn(message) {
  const keys = (message.reply_markup?.inline_keyboard ?? []).flat().map(key => key.copy_text?.text ?? key.url);
  const words = message.text ?? message.caption ?? "";
  const links = (message.entities ?? message.caption_entities ?? []).map(each => each.url ?? words.slice(each.offset, each.offset + each.length));
  return [...keys, ...links].map(invitation).find(Boolean);
}

// ---- a phone

class Phone {
  constructor(person) {
    this.person = person;
    this.messages = new Map(); // by id, oldest first
    this.nodes = new Map(); // those that are drawn
    this.pressed = new Map(); // a message's id -> what ends its pressed look
    this.atEnd = true;
    this.unseen = 0;
    this.seq = 0;
    this.commands = [];
    this.description = "";
    this.node = $("#phone").content.firstElementChild.cloneNode(true);
    this.node.id = `phone-${person.id}`;
    this.find = selector => this.node.querySelector(selector);
    this.chat = this.find(".chat");
    this.text = this.find("textarea");
    this.find(".face").style.setProperty("--hue", HUES[phones.size % HUES.length]);
    this.tab = button("", () => front(this), {role: "tab", "aria-controls": this.node.id});
    this.tab.dataset.id = person.id;
    this.bind();
    this.know(person);
    $("#phones").append(this.node);
    $("#tabs").append(this.tab);
  }

  /** Take in what is told of the person. */
  know(person) {
    this.person = person;
    const code = person.language_code || "en";
    this.locale = [code.length > 2 ? code : `${code}-${person.country || "US"}`, code, "en"].find(known) ?? "en";
    this.zone = zoned(person.zone) ? person.zone : "UTC";
    const at = options => new Intl.DateTimeFormat(this.locale, {timeZone: this.zone, ...options});
    this.shapes = {
      time: at({hour: "numeric", minute: "2-digit"}), day: at({weekday: "long", day: "numeric", month: "long"}),
      wall: at({weekday: "short", hour: "numeric", minute: "2-digit"}), key: new Intl.DateTimeFormat("en-CA", {timeZone: this.zone}),
      short: at({day: "numeric", month: "numeric", hour: "2-digit", minute: "2-digit"}),
      hour: new Intl.DateTimeFormat("en-GB", {timeZone: this.zone, hour: "2-digit", hourCycle: "h23"}),
    };
    this.node.dir = /^(ar|fa|he|ur)/.test(code) ? "rtl" : "ltr";
    this.chat.lang = code;
    this.translate();
    this.tick();
  }

  get title() { return this.person.title || this.person.first_name; }

  translate() {
    const {person} = this;
    const tongue = person.language_code ? named([person.language_code], "language", person.language_code) : "";
    this.node.setAttribute("aria-label", this.title);
    this.chat.setAttribute("aria-label", this.title);
    this.find(".face").textContent = [...person.first_name][0] ?? "?";
    this.find("h2").textContent = this.title;
    this.find(".sub").textContent = tongue;
    this.find(".block").textContent = say("block");
    this.find(".block").hidden = person.blocked || !person.started;
    this.find(".blocked").hidden = !person.blocked;
    this.find(".blocked span").textContent = say("blocked", {name: person.first_name});
    this.find(".unblock").textContent = say("unblock");
    this.find("form").hidden = person.blocked;
    this.text.placeholder = person.started ? say("write") : "/start";
    this.text.setAttribute("aria-label", `${say("write")} · ${person.first_name}`);
    for (const key of ["send", "menu", "attach", "block"]) this.find("." + key).setAttribute("aria-label", `${say(key)} · ${person.first_name}`);
    this.find(".replying button").setAttribute("aria-label", say("close"));
    this.find(".fresh").textContent = say("fresh");
    this.tab.replaceChildren(person.first_name, make("small", {className: "wall"}));
    this.tick();
    if (ready) this.paint();
  }

  /** Show the wall's time and how light it is there. */
  tick() {
    const text = this.shapes.wall.format(now());
    const hour = Number(this.shapes.hour.format(now()));
    const sky = hour < 5 || hour >= 21 ? "night" : hour < 8 ? "dawn" : hour < 18 ? "day" : "dusk";
    for (const wall of [this.find(".wall"), this.tab.querySelector(".wall")]) if (wall) { wall.textContent = text; wall.className = `wall ${sky}`; }
  }

  moment(entity) {
    const at = new Date(entity.unix_time * 1000);
    const form = entity.date_time_format ?? "";
    const options = {timeZone: this.zone};
    if (/w/i.test(form)) options.weekday = "long";
    if (form.includes("d")) options.dateStyle = "short";
    if (form.includes("D")) options.dateStyle = "long";
    if (form.includes("t")) options.timeStyle = "short";
    if (form.includes("T")) options.timeStyle = "medium";
    if (options.weekday && (options.dateStyle || options.timeStyle)) Object.assign(options, {dateStyle: options.dateStyle && "full", weekday: undefined});
    const node = make("time", {dateTime: at.toISOString(), title: this.shapes.day.format(at) + " " + this.shapes.time.format(at)});
    if (form && form !== "r") node.textContent = new Intl.DateTimeFormat(this.locale, options).format(at);
    return node;
  }

  // -- what the person does

  bind() {
    this.find("form").onsubmit = event => { event.preventDefault(); this.submit(); };
    this.text.onkeydown = event => this.typed(event);
    this.text.oninput = () => { if (this.text.value.startsWith("/") && !this.text.value.includes(" ")) this.menu(true); else this.menu(false); };
    this.find(".menu").onclick = () => this.menu(this.find(".commands").hidden, true);
    this.find(".attach").onclick = event => this.attach(event.currentTarget);
    this.find(".replying button").onclick = () => this.answer(null);
    this.find(".block").onclick = () => tryTo(`people/${this.person.id}/block`, {});
    this.find(".unblock").onclick = () => tryTo(`people/${this.person.id}/unblock`, {});
    this.find(".fresh").onclick = () => { this.window(); this.toEnd(); };
    this.find(".commands").onclick = event => { const chosen = event.target.closest("button"); if (chosen) { this.menu(false); this.text.value = ""; this.say(chosen.dataset.command); this.text.focus(); } };
    this.find(".commands").onkeydown = event => arrows(event, this.find(".commands").querySelectorAll("button"));
    this.node.addEventListener("keydown", event => { if (event.key === "Escape") { this.menu(false); this.answer(null); this.text.focus(); } });
    this.chat.onclick = event => this.click(event);
    this.chat.onkeydown = event => this.walk(event);
    this.chat.ondblclick = event => { const node = event.target.closest(".msg"); if (node && !event.target.closest("button, a")) { getSelection().removeAllRanges(); this.answer(idOf(node)); } };
    this.chat.oncontextmenu = event => { const node = event.target.closest(".msg"); if (node) { event.preventDefault(); this.options(node, event.clientX, event.clientY); } };
    this.chat.addEventListener("scroll", () => this.scrolled(), {passive: true});
    new ResizeObserver(() => { if (this.atEnd) this.toEnd(); }).observe(this.chat);
    this.swipe();
  }

  typed(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); this.submit(); }
    const list = this.find(".commands");
    if (event.key === "ArrowDown" && !list.hidden) { event.preventDefault(); list.querySelector("button")?.focus(); }
    if (event.key === "ArrowUp" && !this.text.value) {
      const own = [...this.messages.values()].reverse().find(each => !each.from?.is_bot && each.text);
      if (own) { event.preventDefault(); this.answer(own.message_id, true); }
    }
  }

  submit() {
    const text = this.text.value.trim() || (this.person.started ? "" : "/start");
    if (!text) return;
    const edit = this.editing;
    this.text.value = "";
    this.menu(false);
    if (edit) { this.answer(null); tryTo(`people/${this.person.id}/edit`, {message_id: edit, text}); } else this.say(text);
  }

  say(text, more = {}) {
    const body = {...more, ...(text ? {text} : {}), ...(this.reply ? {reply_to: this.reply} : {})};
    this.answer(null);
    Tour.saw("said", this, text);
    return tryTo(`people/${this.person.id}/send`, body);
  }

  /** Answer the message *id*, or edit it; null ends either. */
  answer(id, edit = false) {
    if (this.editing && !id) this.text.value = "";
    this.reply = edit ? null : id;
    this.editing = edit ? id : null;
    this.find(".replying").hidden = !id;
    if (!id) return;
    const message = this.messages.get(id);
    this.find(".replying span").textContent = `${say(edit ? "edit" : "reply")}: ${gist(message)}`;
    if (edit) this.text.value = message.text ?? message.caption ?? "";
    this.text.focus();
  }

  menu(open, focus = false) {
    const list = this.find(".commands");
    const begun = this.text.value.startsWith("/") ? this.text.value : "/";
    const fit = this.commands.filter(({command}) => ("/" + command).startsWith(begun));
    list.hidden = !open || !fit.length;
    if (list.hidden) return;
    list.replaceChildren(...fit.map(({command, description}) => make("button", {type: "button", role: "menuitem", "data-command": "/" + command}, make("b", {textContent: "/" + command, dir: "ltr"}), make("span", {textContent: description, dir: "auto"}))));
    if (focus) list.querySelector("button").focus();
  }

  attach(from) {
    const kinds = {photo: "photo", voice: "voice", sticker: "sticker", location: "location", contact: "contact", document: "document", video_note: "video"};
    const {left, top} = from.getBoundingClientRect();
    popUp(Object.entries(kinds).map(([kind, label]) => button(say(label), () => this.say(null, {[kind]: true}))), left, top, from);
  }

  click(event) {
    const target = event.target.closest("button, a, .long");
    if (!target) return;
    const {row, column, command, link} = target.dataset;
    const id = idOf(target.closest(".msg"));
    if (row !== undefined) this.press(target, id, Number(row), Number(column));
    else if (command) this.say(command);
    else if (invitation(link)) { event.preventDefault(); follow(invitation(link), this); }
    else if (target.matches(".spoiler, .long")) { target.classList.add("seen"); target.removeAttribute("aria-label"); }
    else if (target.matches(".start")) { this.say("/start"); this.text.focus(); }
    else if (target.matches(".earlier")) this.earlier();
    else if (target.matches(".more")) { const {left, bottom} = target.getBoundingClientRect(); this.options(target.closest(".msg"), left, bottom); }
    else if (target.matches(".shot")) enlarge(this.messages.get(id), this);
    else if (target.matches(".voice")) new Audio(target.dataset.src).play().catch(() => {});
    else if (target.matches(".re")) this.jump(Number(target.dataset.to));
    else if (target.dataset.emoji) this.react(id, target.dataset.emoji);
  }

  async press(target, id, row, column) {
    const {copy, link} = target.dataset;
    Tour.saw("pressed", this);
    if (copy !== undefined) {
      navigator.clipboard?.writeText(copy).catch(() => {});
      this.note(say("copied"));
      if (invitation(copy)) follow(invitation(copy), this);
    } else if (link !== undefined) {
      if (invitation(link)) follow(invitation(link), this);
      else open(link, "_blank", "noopener,noreferrer");
    } else {
      target.classList.add("pressed");
      clearTimeout(this.pressed.get(id));
      this.pressed.set(id, setTimeout(() => target.classList.remove("pressed"), 6000));
      if (!await tryTo(`people/${this.person.id}/tap`, {message_id: id, row, column})) target.classList.remove("pressed");
    }
  }

  react(id, emoji) {
    const mine = this.messages.get(id)?.reactions?.some(each => each.from === this.person.id && bare(each.emoji) === bare(emoji));
    tryTo(`people/${this.person.id}/react`, {message_id: id, emoji: mine ? null : emoji});
  }

  /** What can be done with one message. */
  options(node, x, y) {
    const id = idOf(node);
    const message = this.messages.get(id);
    const own = !message.from?.is_bot;
    const faces = make("div", {className: "faces", role: "group", "aria-label": say("react")}, ...REACTIONS.map(emoji => button(emoji, () => this.react(id, emoji), {"aria-label": `${say("react")} ${emoji}`})));
    const items = [button(say("reply"), () => this.answer(id))];
    if (message.text) items.push(button(say("copy"), () => { navigator.clipboard?.writeText(message.text).catch(() => {}); this.note(say("copied")); }));
    if (own && (message.text || message.caption)) items.push(button(say("edit"), () => this.answer(id, true)));
    items.push(button(say("remove"), () => tryTo(`people/${this.person.id}/delete`, {message_id: id}), {className: "danger"}));
    popUp([faces, ...items], x, y, node.querySelector(".more"));
  }

  /** Arrow keys walk from message to message; Enter opens what can be done with one. */
  walk(event) {
    const on = event.target.closest(".msg");
    if (event.target !== this.chat && event.target !== on) return;
    const drawn = [...this.nodes.values()];
    const at = on ? drawn.indexOf(on) : drawn.length;
    const to = {ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: drawn.length - 1}[event.key];
    if (to !== undefined) {
      event.preventDefault();
      if (to < 0) this.earlier();
      drawn[Math.min(Math.max(to, 0), drawn.length - 1)]?.focus();
    } else if (on && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      const {left, top} = on.getBoundingClientRect();
      this.options(on, left + 20, top + 20);
    } else if (on && event.key === "r" && !event.ctrlKey && !event.metaKey) { event.preventDefault(); this.answer(idOf(on)); }
  }

  /** On a touch screen, a message pulled aside is answered. */
  swipe() {
    let start = null, node = null;
    const end = event => {
      if (node) { const far = Math.abs(event.clientX - start.x) > 55 && event.type === "pointerup"; node.style.translate = ""; if (far) this.answer(idOf(node)); }
      start = node = null;
    };
    this.chat.addEventListener("pointerdown", event => { start = event.pointerType === "touch" && event.target.closest(".msg") ? {x: event.clientX, y: event.clientY, on: event.target.closest(".msg")} : null; });
    this.chat.addEventListener("pointermove", event => {
      if (!start) return;
      const by = event.clientX - start.x;
      if (!node && Math.abs(by) > 12 && Math.abs(by) > Math.abs(event.clientY - start.y)) node = start.on;
      if (node) node.style.translate = `${Math.sign(by) * Math.min(Math.abs(by), 80)}px`;
    });
    for (const kind of ["pointerup", "pointercancel"]) this.chat.addEventListener(kind, end);
  }

  // -- what is shown

  /** Begin anew with what the phone holds. */
  fill({messages, commands, description, seq: told}) {
    this.messages = new Map(messages.filter(each => !each.deleted).map(each => [each.message_id, each]));
    Object.assign(this, {commands, description, seq: told});
    this.paint();
  }

  /** Take in what changed since the last look. */
  async catchUp() {
    const told = await ask(`people/${this.person.id}/chat?after=${this.seq}`);
    Object.assign(this, {commands: told.commands, description: told.description, seq: told.seq});
    for (const message of told.messages) this.show(message);
    if (!this.messages.size) this.paint();
  }

  /** Draw the newest window of messages. */
  paint() {
    this.window();
    if (this.atEnd) this.toEnd();
  }

  window(from = Math.max(this.messages.size - PAGE, 0)) {
    this.nodes.clear();
    const list = [...this.messages.values()].slice(from);
    this.chat.replaceChildren(...this.drawn(list));
    if (from > 0) this.chat.prepend(button(say("earlier"), null, {className: "earlier"}));
    if (!this.messages.size) this.chat.append(this.about());
    this.lastDay = list.length ? this.dayOf(list.at(-1)) : "";
  }

  drawn(list) {
    let day = "";
    return list.flatMap(message => {
      const fresh = this.dayOf(message) !== day;
      day = this.dayOf(message);
      const node = this.draw(message);
      this.nodes.set(message.message_id, node);
      return fresh ? [this.dayLine(message), node] : [node];
    });
  }

  about() {
    const words = make("p", {textContent: this.description || say("tagline"), dir: "auto"});
    return make("div", {className: "about"}, words, ...(this.person.started ? [] : [button(say("begin"), null, {className: "start primary"})]));
  }

  dayOf(message) { return this.shapes.key.format(message.date * 1000); }

  dayLine(message) { return make("p", {className: "day-line", textContent: this.shapes.day.format(message.date * 1000)}); }

  /** Draw the messages before those that are drawn, and keep the view where it is. */
  earlier() {
    const ids = [...this.messages.keys()];
    const from = ids.indexOf(this.nodes.keys().next().value);
    if (from <= 0) return;
    const before = this.chat.scrollHeight - this.chat.scrollTop;
    this.window(Math.max(from - PAGE, 0));
    this.chat.scrollTop = this.chat.scrollHeight - before;
  }

  scrolled() {
    const {scrollTop, scrollHeight, clientHeight} = this.chat;
    if (!clientHeight) return;
    this.atEnd = scrollHeight - scrollTop - clientHeight < 80;
    if (this.atEnd) this.find(".fresh").hidden = true;
    if (scrollTop < 40 && this.chat.firstElementChild?.matches(".earlier") && !this.atEnd) this.earlier();
  }

  toEnd() {
    this.atEnd = true;
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => { this.chat.scrollTop = this.chat.scrollHeight; this.find(".fresh").hidden = true; });
  }

  jump(id) {
    if (!this.messages.has(id)) return;
    if (!this.nodes.has(id)) this.window(Math.max([...this.messages.keys()].indexOf(id) - 10, 0));
    this.nodes.get(id).scrollIntoView({block: "center"});
    this.nodes.get(id).focus();
  }

  /** A message came, changed or went. */
  show(message) {
    const id = message.message_id;
    this.seq = Math.max(this.seq, message.seq ?? 0);
    if (message.deleted) return this.drop(id);
    const known = this.messages.has(id);
    const newest = known || ![...this.messages.keys()].some(each => each > id);
    this.messages.set(id, message);
    if (!newest) { this.messages = new Map([...this.messages].sort(([a], [b]) => a - b)); return this.paint(); }
    if (known) return this.replace(id, message);
    if (this.messages.size === 1) this.chat.replaceChildren();
    this.append(message);
  }

  append(message) {
    const node = this.draw(message);
    const own = !message.from?.is_bot;
    node.classList.add("born");
    this.nodes.set(message.message_id, node);
    if (this.dayOf(message) !== this.lastDay) this.chat.append(this.dayLine(message));
    this.lastDay = this.dayOf(message);
    this.chat.append(node);
    if (!own) { this.hush(); announce(`${this.person.first_name}: ${gist(message, 300)}`); this.tab.classList.toggle("unread", this.tab.getAttribute("aria-selected") !== "true"); }
    if (this.nodes.size > MOST && this.atEnd) this.window();
    if (this.atEnd || own) this.toEnd(); else this.find(".fresh").hidden = false;
  }

  replace(id, message) {
    const old = this.nodes.get(id);
    if (!old) return;
    const focused = old.contains(document.activeElement) ? document.activeElement.dataset : null;
    const node = this.draw(message);
    this.nodes.set(id, node);
    old.replaceWith(node);
    this.pressed.delete(id);
    if (focused) (node.querySelector(`[data-row="${focused.row}"][data-column="${focused.column}"]`) ?? node.querySelector(".keys button") ?? node).focus();
    if (message.from?.is_bot && message.text !== undefined && message.edit_date) announce(`${this.person.first_name}: ${gist(message, 300)}`);
    if (this.atEnd) this.toEnd();
  }

  drop(id) {
    const node = this.nodes.get(id);
    this.messages.delete(id);
    this.nodes.delete(id);
    if (!node) return;
    const line = node.previousElementSibling;
    if (node.contains(document.activeElement)) this.chat.focus();
    const alone = line?.matches(".day-line") && !node.nextElementSibling?.matches(".msg");
    node.remove();
    if (alone) { line.remove(); this.lastDay = ""; }
    if (!this.messages.size) this.paint();
  }

  typing() {
    this.find(".typing").hidden = false;
    clearTimeout(this.dots);
    this.dots = setTimeout(() => this.hush(), 5000);
  }

  hush() { this.find(".typing").hidden = true; }

  note(text) { toast(text, this.find(".notes")); }

  /** The bot has answered a tap. */
  told({message_id: id, text, show_alert: alert}) {
    clearTimeout(this.pressed.get(id));
    this.nodes.get(id)?.querySelector(".pressed")?.classList.remove("pressed");
    if (text && alert) dialog(say("bot"), make("p", {textContent: text, dir: "auto"}));
    else if (text) this.note(text);
  }

  // -- one message as a node

  draw(message) {
    const own = !message.from?.is_bot;
    const node = make("article", {className: "msg" + (own ? " own" : ""), tabIndex: -1});
    node.dataset.id = message.message_id;
    const bubble = make("div", {className: "bubble"});
    if (message.forward_origin) bubble.append(make("span", {className: "from", textContent: say("forwarded")}));
    if (message.reply_to_message) bubble.append(make("button", {type: "button", className: "re", dir: "auto", textContent: gist(message.reply_to_message), "data-to": message.reply_to_message.message_id}));
    bubble.append(...this.carried(message));
    const text = message.text ?? message.caption;
    if (text) { const words = make("div", {className: "words", dir: "auto"}); words.append(rich(text, message.entities ?? message.caption_entities, this)); bubble.append(words); }
    const more = make("button", {type: "button", className: "more", tabIndex: -1, textContent: "⋯", "aria-label": say("more"), "aria-haspopup": "menu"});
    const at = new Date(message.date * 1000);
    const meta = make("div", {className: "meta"}, more, ...(message.edit_date ? [make("span", {textContent: say("edited")})] : []), make("time", {dateTime: at.toISOString(), textContent: this.shapes.time.format(at)}));
    bubble.append(meta);
    node.append(bubble);
    const reactions = message.reactions ?? [];
    if (reactions.length) node.append(make("div", {className: "reactions"}, ...reactions.map(({emoji, from}) => make("button", {type: "button", textContent: emoji, "data-emoji": emoji, "aria-label": `${emoji} ${phones.get(from)?.person.first_name ?? "Recipro"}`}))));
    const keys = message.reply_markup?.inline_keyboard;
    if (keys) node.append(make("div", {className: "keys"}, ...keys.map((line, row) => make("div", {}, ...line.map((key, column) => this.key(key, row, column))))));
    return node;
  }

  key(key, row, column) {
    const node = make("button", {type: "button", textContent: key.text, className: key.style ?? "", dir: "auto", "data-row": row, "data-column": column});
    if (key.copy_text) node.dataset.copy = key.copy_text.text;
    if (key.url) node.dataset.link = key.url;
    return node;
  }

  /** What a message carries besides words. */
  carried(message) {
    const file = each => "/sim/files/" + encodeURIComponent(each.file_id);
    const said = text => make("div", {className: "words", dir: "auto", textContent: text});
    if (message.photo) {
      const size = message.photo.at(-1);
      const label = `${say("enlarge")}: ${message.caption ?? say("photo")}`.slice(0, 120);
      return [make("button", {type: "button", className: "shot", "aria-label": label}, make("img", {src: file(size), alt: "", width: size.width, height: size.height, loading: "lazy"}))];
    }
    if (message.voice) return [this.voice(message.voice, file(message.voice))];
    if (message.document) return [make("a", {href: file(message.document), download: message.document.file_name ?? "file", textContent: "📄 " + (message.document.file_name ?? say("document"))})];
    if (message.sticker) return [make("div", {className: "big", textContent: message.sticker.emoji ?? "🙂", role: "img", "aria-label": say("sticker")})];
    if (message.dice) return [make("div", {className: "big", textContent: `${message.dice.emoji} ${message.dice.value}`})];
    if (message.video_note) return [said(`🎥 ${say("video")} · 0:0${message.video_note.duration}`)];
    if (message.location) return [said(`📍 ${say("location")} · ${message.location.latitude.toFixed(2)}, ${message.location.longitude.toFixed(2)}`)];
    if (message.contact) return [said(`👤 ${say("contact")} · ${message.contact.first_name}`)];
    if (message.poll) return [said(`📊 ${say("poll")} · ${message.poll.question}`)];
    return [];
  }

  voice(voice, src) {
    const bars = Array.from({length: 22}, (_, n) => { const high = 4 + Math.abs(Math.sin(n * 1.7) * Math.cos(n * .6)) * 18; return `<rect x="${n * 5}" y="${12 - high / 2}" width="3" height="${high}" rx="1.500"/>`; }).join("");
    const node = make("button", {type: "button", className: "voice", "data-src": src, "aria-label": `${say("voice")}, ${voice.duration} s`});
    node.innerHTML = `<b aria-hidden="true">▶</b><svg viewBox="0 0 110 24" aria-hidden="true">${bars}</svg><span aria-hidden="true">0:${String(voice.duration).padStart(2, "0")}</span>`;
    return node;
  }
}

const idOf = node => Number(node?.dataset.id);
const bare = emoji => emoji.replace("\ufe0f", "");
const known = locale => { try { return Intl.DateTimeFormat.supportedLocalesOf(locale).length > 0; } catch { return false; } };
const zoned = zone => { try { new Intl.DateTimeFormat("en", {timeZone: zone}); return true; } catch { return false; } };
const named = (locales, type, code) => { try { return new Intl.DisplayNames(locales, {type}).of(code) ?? code; } catch { return code; } };

/** The beginning of a message, or what it is when it has no words. */
function gist(message, length = 90) {
  const words = message?.text ?? message?.caption;
  if (words) return words.replace(/\s+/g, " ").slice(0, length);
  const kinds = {photo: "photo", voice: "voice", sticker: "sticker", document: "document", location: "location", contact: "contact", video_note: "video", poll: "poll"};
  const kind = Object.keys(kinds).find(each => message?.[each]);
  return kind ? say(kinds[kind]) : "…";
}

// ---- menus and dialogs

let popFrom = null;

function popUp(items, x, y, from) {
  const pop = $("#pop");
  popFrom = from;
  for (const item of items.flatMap(each => (each.matches("button") ? [each] : [...each.children]))) item.setAttribute("role", "menuitem");
  pop.replaceChildren(...items);
  pop.hidden = false;
  from?.setAttribute("aria-expanded", "true");
  const {width, height} = pop.getBoundingClientRect();
  pop.style.left = `${Math.max(8, Math.min(x, innerWidth - width - 8))}px`;
  pop.style.top = `${Math.max(8, Math.min(y, innerHeight - height - 8))}px`;
  pop.querySelector("button").focus();
}

function popDown(focus = true) {
  const pop = $("#pop");
  if (pop.hidden) return;
  pop.hidden = true;
  popFrom?.setAttribute("aria-expanded", "false");
  if (focus) (popFrom?.closest(".msg") ?? popFrom)?.focus();
}

/** Arrow keys move along *items*. */
function arrows(event, items) {
  const step = {ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1}[event.key];
  if (!step) return;
  event.preventDefault();
  const list = [...items];
  list[(list.indexOf(document.activeElement) + step + list.length) % list.length]?.focus();
}

function dialog(title, ...content) {
  const box = $("#dialog");
  box.className = "";
  const heading = make("h2", {id: "dialog-title", textContent: title, dir: "auto"});
  box.setAttribute("aria-labelledby", "dialog-title");
  box.replaceChildren(heading, ...content, make("div", {className: "row"}, button(say("close"), () => box.close())));
  if (!box.open) box.showModal();
  return box;
}

function enlarge(message, phone) {
  const size = message.photo.at(-1);
  const picture = make("img", {src: "/sim/files/" + encodeURIComponent(size.file_id), alt: message.caption ?? say("photo"), width: size.width, height: size.height});
  const box = dialog(say("photo"), picture);
  box.classList.add("wide");
  const code = invitationIn(message);
  if (code) box.lastElementChild.prepend(button(say("scan"), () => follow(code, phone), {className: "primary"}));
}

/** Ask on which phone an invitation is opened; the others come first. */
function follow(code, from) {
  const others = [...phones.values()].filter(phone => phone !== from);
  const list = [...others, from].map(phone => button(phone.title, () => { $("#dialog").close(); front(phone); tryTo(`people/${phone.person.id}/open`, {payload: code}); }));
  dialog(say("which"), make("div", {className: "list"}, ...list));
}

function field(label, input) { return make("label", {}, label, input); }

function addPerson() {
  const name = make("input", {required: true, maxLength: 64, name: "name", autocomplete: "off"});
  const option = (value, text) => make("option", {value, textContent: text});
  const place = make("select", {name: "place"}, ...PLACES.map(([label], n) => option(n, label)), option("", say("elsewhere")));
  const zone = make("select", {name: "zone"}, ...Intl.supportedValuesOf("timeZone").map(each => option(each, each.replaceAll("_", " "))));
  const country = make("select", {name: "country"}, ...countries().map(([code, label]) => option(code, label)));
  const tongue = make("input", {name: "tongue", value: "en", required: true, pattern: "[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", list: "tongues"});
  const elsewhere = make("div", {hidden: true}, field(say("country"), country), field(say("zone"), zone));
  place.onchange = () => { elsewhere.hidden = place.value !== ""; };
  const hints = make("datalist", {id: "tongues"}, ...TONGUES.map(code => option(code, named([language], "language", code))));
  const form = make("form", {}, field(say("name"), name), field(say("where"), place), elsewhere, field(say("tongue"), tongue), hints, make("div", {className: "row"}, make("button", {textContent: say("save"), className: "primary"})));
  form.onsubmit = async event => {
    event.preventDefault();
    const [label, there, code] = PLACES[place.value] ?? [zone.value.split("/").at(-1).replaceAll("_", " "), zone.value, country.value];
    $("#dialog").close();
    const told = await tryTo("people", {first_name: name.value.trim(), language_code: tongue.value, zone: there, country: code, title: `${name.value.trim()} · ${label}`});
    if (told) { const phone = person(told); await phone.catchUp(); front(phone); phone.node.scrollIntoView({inline: "end"}); phone.text.focus(); }
  };
  dialog(say("add"), form);
  name.focus();
}

function countries() {
  const names = new Intl.DisplayNames([language], {type: "region", fallback: "none"});
  const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
  const found = letters.flatMap(a => letters.map(b => a + b)).map(code => [code, names.of(code)]).filter(([code, name]) => name && !/^(X|Q|EU|EZ|UN|ZZ)/.test(code));
  return found.sort((a, b) => a[1].localeCompare(b[1], language));
}

// ---- the clock

let turning = false;

async function turn(how) {
  if (turning) return;
  turning = true;
  $(".clock").setAttribute("aria-busy", "true");
  for (const each of all("[data-turn]")) each.setAttribute("aria-disabled", "true");
  const moves = {next: {next_prompt: true}, hour: {advance_seconds: 3600}, day: {advance_seconds: 86400}, real: {real: true}};
  const told = await tryTo("clock", moves[how] ?? {set: sunday().toISOString()});
  turning = false;
  $(".clock").removeAttribute("aria-busy");
  for (const each of all("[data-turn]")) each.removeAttribute("aria-disabled");
  if (told) Tour.saw("turned", null, how);
}

/** Sunday evening on the phone that is furthest west: by then it has been on every other one. */
function sunday() {
  const shape = zone => new Intl.DateTimeFormat("en-GB", {timeZone: zone, weekday: "short", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23"});
  const parts = (format, at) => Object.fromEntries(format.formatToParts(at).map(({type, value}) => [type, value]));
  const minutes = zone => { const p = parts(shape(zone), now()), u = parts(shape("UTC"), now()); const days = (Number(p.day) - Number(u.day) + 45) % 31 - 14; return Math.sign(days) * 1440 + (p.hour - u.hour) * 60 + (p.minute - u.minute); };
  const zones = [...phones.values()].map(phone => phone.zone);
  const west = shape(zones.reduce((a, b) => (minutes(b) < minutes(a) ? b : a), zones[0] ?? "UTC"));
  const at = new Date(Math.ceil((now().getTime() + 60_000) / 300_000) * 300_000);
  for (let n = 0; n < 8 * 288; n += 1, at.setTime(at.getTime() + 300_000)) {
    const {weekday, hour, minute} = parts(west, at);
    if (weekday === "Sun" && hour * 60 + Number(minute) === SUNDAY_AT) break;
  }
  return at;
}

// ---- behind the scenes

const shown = () => !$("#panel").hidden;
let online = false, faults = [];

function showBot() {
  $("#pulse").classList.toggle("off", !online);
  $("#pulse span").textContent = say(online ? "here" : "away");
  $("#bot-state").textContent = say(online ? "running" : "ended");
}

function showFaults() {
  for (const each of all("[data-fault]")) each.setAttribute("aria-pressed", String(faults.some(fault => fault.kind === each.dataset.fault)));
  $("#fault-state").textContent = faults.map(({kind, times}) => `${$(`[data-fault=${kind}]`)?.textContent ?? kind} · ${times === null ? say("untilOff") : say("left", {n: times})}`).join("; ");
}

async function switchFault(kind) {
  const kept = faults.filter(each => each.kind !== kind && FAULTS[each.kind]).map(each => each.kind);
  const wants = faults.some(each => each.kind === kind) ? kept : [...kept, kind];
  await tryTo("faults", undefined, "DELETE");
  for (const each of wants) await tryTo("faults", {kind: each, ...FAULTS[each]});
}

function noted(call) {
  calls.push(call);
  if (calls.length > 300) calls.shift();
  if (shown()) $("#calls").prepend(callLine(call));
  while ($("#calls").children.length > 300) $("#calls").lastChild.remove();
}

function callLine(call) {
  const {method, params, ok, error, result} = call;
  const whom = phones.get(Number(params?.chat_id))?.person.first_name ?? "";
  const outcome = ok ? "ok" : `${error.error_code}`;
  const line = make("details", {className: ok ? "" : "bad"}, make("summary", {}, make("b", {textContent: method}), make("span", {textContent: whom}), make("em", {textContent: outcome})));
  line.ontoggle = () => {
    if (line.children.length > 1) return;
    line.append(make("pre", {textContent: `${say("asked")}: ${JSON.stringify(params, null, 1)}\n\n${say("answered")}: ${JSON.stringify(ok ? result : error, null, 1)}`, dir: "ltr"}));
  };
  return line;
}

async function lookBehind() {
  if (!shown() && Tour.step === null) return;
  try {
    rows = await ask("deliveries");
    if (shown()) faults = await ask("faults");
  } catch { return; } // not there yet, or gone for a moment: looked for again soon
  if (!shown()) return;
  showFaults();
  $("#deliveries").replaceChildren(...rows.map(({person: name, kind, state, due_at: due, reason}) => {
    const whose = [...phones.values()].find(each => each.person.first_name === name);
    const at = whose ? whose.shapes.short.format(new Date(due)) : due.slice(5, 16).replace("T", " ");
    return make("tr", {}, make("td", {textContent: name, dir: "auto"}), make("td", {textContent: kind}), make("td", {}, make("span", {className: `state ${state}`, textContent: state, title: reason ?? ""})), make("td", {textContent: at}));
  }));
}

function togglePanel(open = !shown()) {
  $("#panel").hidden = !open;
  $("#behind").setAttribute("aria-expanded", String(open));
  Tour.saw("opened");
  if (!open) { $("#behind").focus(); return; }
  $("#calls").replaceChildren(...calls.map(callLine).reverse());
  lookBehind();
}

async function command(action) {
  const told = await tryTo("bot", {action});
  if (told) { online = told.running; showBot(); }
}

// ---- the tour: it points, it notices what was done, and it can do a step itself

const lastOf = list => [...list].at(-1);
const cast = () => [...phones.values()];
const newest = () => {
  const ends = cast().map(phone => lastOf(phone.chat.querySelectorAll(".msg:has(.keys)"))).filter(Boolean);
  return ends.sort((a, b) => idOf(a) - idOf(b)).at(-1)?.querySelector(".keys button");
};
const keysOn = phone => lastOf(phone?.chat.querySelectorAll(".keys") ?? [])?.querySelector("button");
const linkOn = phone => [...phone?.chat.querySelectorAll("[data-copy], [data-link]") ?? []].find(each => invitation(each.dataset.copy ?? each.dataset.link));
const wrote = (phone, start) => [...phone?.messages.values() ?? []].some(each => !each.from?.is_bot && each.text?.startsWith(start));
const served = (phone, kind) => rows.some(row => row.person === phone?.person.first_name && (!kind || row.kind === kind));

const STEPS = [
  {at: ([a]) => a?.find(".start") ?? a?.text, done: ([a]) => a?.person.started},
  {at: ([a]) => keysOn(a), done: ([a]) => served(a)},
  {at: ([a]) => (wrote(a, "/pair") ? keysOn(a) : a?.text), words: "/pair", done: ([a]) => Boolean(linkOn(a))},
  {at: ([a]) => linkOn(a), done: ([, b]) => wrote(b, "/start ")},
  {at: ([, b]) => keysOn(b), done: () => rows.some(row => row.kind === "paired")},
  {at: () => $("[data-turn=next]"), done: (_, seen) => seen.turned},
  {at: (_, seen) => (seen.said ? newest() : phoneOf(newest())?.text), words: "☕", done: (_, seen) => seen.said && seen.pressed > 0},
  {at: ([a], seen) => (seen.reset ? newest() : a?.text), words: "/reset", done: (_, seen) => seen.reset && seen.pressed > 2},
  {at: () => $("[data-turn=sunday]"), done: (_, seen) => seen.turned},
  {at: () => $("#behind"), done: (_, seen) => seen.opened},
];
const phoneOf = node => cast().find(phone => phone.node.contains(node ?? null));

const Tour = {
  step: null,
  seen: {},

  show(step) {
    if (step !== Tour.step) Tour.seen = {pressed: 0};
    Tour.step = step;
    const guide = $("#guide");
    const [a, b] = cast().map(phone => phone.person.first_name);
    const names = {a: a ?? "Asha", b: b ?? "Tom"};
    const [title, text] = SAY[language].steps[step].map(words => words.replace(/\{([ab])\}/g, (_, who) => names[who]));
    const last = step + 1 === STEPS.length;
    const dots = make("div", {className: "dots", "aria-hidden": "true"}, ...STEPS.map((_, n) => make("i", {className: n <= step ? "past" : ""})));
    const buttons = [button(say("forMe"), Tour.act, {className: "primary"}), button(say(last ? "done" : "step"), last ? Tour.end : () => Tour.show(step + 1)), button(say("close"), Tour.end)];
    if (last) buttons.pop();
    guide.replaceChildren(dots, make("h2", {id: "guide-title", textContent: title}), make("p", {textContent: text, role: "status"}), make("div", {className: "row"}, ...buttons));
    guide.hidden = false;
    Tour.aim();
  },

  end() {
    Tour.step = null;
    $("#guide").hidden = $("#ring").hidden = true;
    store("toured", "yes");
    $("#tour").focus();
  },

  /** Somebody did something; *what* is said, pressed, turned or opened. */
  saw(what, phone, detail) {
    if (Tour.step === null) return;
    if (what === "pressed") Tour.seen.pressed += Tour.step !== 6 || Tour.seen.said ? 1 : 0;
    else if (what === "said") { if (detail === "/reset") Tour.seen.reset = true; if (!detail?.startsWith("/")) Tour.seen.said = true; }
    else Tour.seen[what] = true;
  },

  /** Do what the step asks for. */
  act() {
    const {at, words} = STEPS[Tour.step];
    const target = at(cast(), Tour.seen);
    if (target?.tagName === "TEXTAREA") phoneOf(target).say(words ?? "/start");
    else { const phone = phoneOf(target); if (phone) front(phone); target?.click(); }
    if ($("#dialog").open) setTimeout(() => $("#dialog .list button")?.click(), 900); // what the link asked
  },

  /** Point at what is to be pressed, and go on when it was. */
  aim() {
    if (Tour.step === null) return;
    if (STEPS[Tour.step].done(cast(), Tour.seen) && Tour.step + 1 < STEPS.length) { Tour.show(Tour.step + 1); return; }
    const target = STEPS[Tour.step].at(cast(), Tour.seen);
    const phone = phoneOf(target);
    const hidden = phone && !phone.node.checkVisibility();
    const box = (hidden ? phone.tab : target)?.getBoundingClientRect();
    const inside = phone && !hidden && phone.chat.contains(target) ? phone.chat.getBoundingClientRect() : {top: 0, bottom: innerHeight};
    const seen = box && box.width > 0 && box.bottom > inside.top + 8 && box.top < inside.bottom - 8 && !$("#dialog").open;
    const ring = $("#ring");
    ring.hidden = !seen;
    if (seen) Object.assign(ring.style, {left: `${box.left - 5}px`, top: `${box.top - 5}px`, width: `${box.width + 10}px`, height: `${box.height + 10}px`});
    Tour.place(seen ? box : null, phone?.node.getBoundingClientRect());
  },

  /** Put the card beside the phone it speaks of, or under the button, where there is room. */
  place(box, around) {
    const guide = $("#guide");
    const {width, height} = guide.getBoundingClientRect();
    const fit = (x, y) => ({x: Math.max(12, Math.min(x, innerWidth - width - 12)), y: Math.max(12, Math.min(y, innerHeight - height - 12))});
    let spot = fit(20, innerHeight - height - 20);
    guide.classList.toggle("up", Boolean(box && box.top > innerHeight / 2));
    if (box && around?.width) {
      const y = box.top + box.height / 2 - height / 2;
      const left = around.left - width - 16, right = around.right + 16;
      const first = cast()[0]?.node.getBoundingClientRect().left === around.left;
      spot = fit(left > 0 ? left : right + width < innerWidth || first ? right : left, y);
    } else if (box) spot = fit(box.left, box.bottom + 14);
    Object.assign(guide.style, {left: `${spot.x}px`, top: `${spot.y}px`});
  },
};

// ---- putting it together

/** Bring one phone to the front, which on a small screen is the only one seen. */
function front(phone) {
  for (const each of cast()) {
    each.node.classList.toggle("front", each === phone);
    each.tab.setAttribute("aria-selected", String(each === phone));
    each.tab.tabIndex = each === phone ? 0 : -1;
  }
  phone.tab.classList.remove("unread");
  if (phone.atEnd) phone.toEnd();
}

function person(data) {
  const known = phones.get(data.id);
  if (known) { known.know(data); return known; }
  const phone = new Phone(data);
  phones.set(data.id, phone);
  if (phones.size === 1) front(phone); else phone.tab.setAttribute("aria-selected", "false");
  if (ready) phone.paint();
  return phone;
}

/** Look at everything; what is known is only brought up to date. */
async function sync() {
  const state = await ask("state");
  const anew = state.seq < seq || !ready;
  offset = state.clock.offset_ms;
  online = state.bot.online;
  showBot();
  await Promise.all(state.people.map(async data => {
    const phone = person(data);
    if (anew || !phone.seq) phone.fill(await ask(`people/${data.id}/chat`));
    else await phone.catchUp();
  }));
  faults = await ask("faults");
  showFaults();
  seq = state.seq;
  ready = true;
}

const EVENTS = {
  message: ({chat_id: id, data}) => phones.get(id)?.show(data),
  edited: ({chat_id: id, data}) => phones.get(id)?.show(data),
  deleted: ({chat_id: id, data}) => phones.get(id)?.drop(data.message_id),
  reaction: ({chat_id: id, data}) => phones.get(id)?.show(data),
  toast: ({chat_id: id, data}) => phones.get(id)?.told(data),
  typing: ({chat_id: id}) => phones.get(id)?.typing(),
  clock: ({data}) => { offset = data.offset_ms; for (const phone of phones.values()) phone.tick(); },
  person: ({data}) => person(data),
  bot: ({data}) => { online = data.online; showBot(); if (online) for (const phone of phones.values()) phone.catchUp().catch(() => {}); },
  call: ({data}) => { noted(data); if (/^(set|delete)My/.test(data.method)) refreshSoon(); },
  fault: ({data}) => { faults = data ?? []; showFaults(); },
  resync: () => sync().catch(() => {}),
};

let refreshing = 0;

/** The bot changed its commands or its description: look once when it is done. */
function refreshSoon() {
  clearTimeout(refreshing);
  refreshing = setTimeout(() => { for (const phone of phones.values()) phone.catchUp().catch(() => {}); }, 400);
}

/** Hear what happens; after a break, come back ever more slowly and look at what was missed. */
function listen(pause = 500) {
  const source = new EventSource(`/sim/events?after=${seq}`);
  source.onopen = () => { pause = 500; $("#pulse").classList.remove("lost"); showBot(); };
  source.onmessage = event => {
    const told = JSON.parse(event.data);
    seq = told.type === "resync" ? seq : Math.max(seq, told.seq);
    EVENTS[told.type]?.(told);
  };
  source.onerror = () => {
    source.close();
    $("#pulse").classList.add("off");
    $("#pulse span").textContent = say("lost");
    setTimeout(async () => { try { await sync(); } catch { /* not back yet: listening fails too, and comes here again */ } listen(Math.min(pause * 1.7, 8000)); }, pause);
  };
}

function bindPage() {
  $("#lang").value = language;
  if (store("theme")) document.documentElement.dataset.theme = store("theme");
  $("#lang").onchange = event => { language = event.target.value; store("lang", language); translate(); };
  $("#theme").onclick = () => {
    const dark = (document.documentElement.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
    document.documentElement.dataset.theme = dark ? "light" : "dark";
    store("theme", dark ? "light" : "dark");
  };
  $("#add").onclick = addPerson;
  $("#tour").onclick = () => { Tour.show(0); $("#guide button").focus(); };
  $("#behind").onclick = $("#pulse").onclick = () => togglePanel();
  $("[data-close=panel]").onclick = () => togglePanel(false);
  $("#dialog").onclick = event => { if (event.target === $("#dialog")) $("#dialog").close(); };
  $("#pop").onclick = event => { if (event.target.closest("button")) popDown(false); };
  $("#pop").onkeydown = event => { if (event.key === "Escape") { event.stopPropagation(); popDown(); } else if (event.key === "Tab") popDown(false); else arrows(event, all("#pop button")); };
  $("#guide").onkeydown = event => { if (event.key === "Escape") Tour.end(); };
  $("#panel").onkeydown = event => { if (event.key === "Escape") togglePanel(false); };
  $("#tabs").onkeydown = event => { arrows(event, all("#tabs button")); if (/^Arrow/.test(event.key)) document.activeElement.click(); };
  document.addEventListener("pointerdown", event => { if (!event.target.closest("#pop")) popDown(false); });
  for (const each of all("[data-turn]")) each.onclick = () => turn(each.dataset.turn);
  for (const each of all("[data-bot]")) each.onclick = () => command(each.dataset.bot);
  for (const each of all("[data-fault]")) each.onclick = () => switchFault(each.dataset.fault);
  for (const event of ["resize", "scroll"]) addEventListener(event, () => Tour.aim(), {capture: true, passive: true});
}

async function begin() {
  bindPage();
  translate();
  await sync();
  listen();
  setInterval(() => { for (const phone of phones.values()) phone.tick(); }, 5000);
  setInterval(lookBehind, 1500);
  setInterval(() => Tour.aim(), 350);
  if (!store("toured")) Tour.show(0);
}

begin().catch(() => { toast(say("offline")); setTimeout(() => location.reload(), 4000); });

// The sandbox's page: phones, one clock, a look behind the scenes, a tour. It speaks to /sim/ only, draws what Telegram's
// stand-in tells and decides nothing. A phone keeps every message and draws a window of them, so that long chats stay quick.
"use strict";

const SAY = {
  en: {
    tagline: "Two phones, one clock. Nothing leaves this computer.", tools: "Tools", phones: "Phones", clock: "Clock",
    next: "Next prompt", hour: "+1 hour", day: "+1 day", sunday: "Sunday evening", now: "Now", none: "Nobody awaits a prompt yet. Press Start on a phone first.",
    add: "Add a person", tour: "Tour", behind: "Behind the scenes", theme: "Light or dark", language: "Language of this page",
    bot: "The bot", restart: "Kill and start again", stop: "Stop", kill: "Kill", start: "Start", here: "Bot is here", away: "Bot is away", lost: "Reconnecting …",
    running: "It is running, and nothing waits for it.", waits: "It has yet to do: {u} heard, {d} to send.", ended: "It is not running. What waits for it: {u} to hear, {d} to send.",
    faults: "Trouble on demand", f429: "Too many requests", f5xx: "Outage", fdrop: "Connections drop", flose: "An answer gets lost", blocks: "{name} blocks the bot",
    left: "{n} more", untilOff: "until switched off", deliveries: "Deliveries", calls: "Calls to Telegram",
    whom: "For", what: "What", state: "State", due: "Due", asked: "Asked", answered: "Answered",
    begin: "Start", whatCan: "What can this bot do?", robot: "bot", write: "Message", send: "Send", record: "Send a voice note", menu: "Menu", commands: "Commands", attach: "Attach", options: "More",
    block: "Block the bot", unblock: "Unblock", scan: "Scan a code", noCode: "No other phone shows a code.", scanning: "Looking for a code …", types: "typing …",
    reply: "Reply", react: "React", edit: "Edit", remove: "Delete", copy: "Copy", copied: "Copied", edited: "edited", more: "More about this message",
    earlier: "Earlier messages", fresh: "To the newest", forwarded: "Forwarded", hint: "Arrow keys walk through the messages; Enter shows what can be done with one.",
    photo: "Photo", pick: "Your own photo …", voice: "Voice note", sticker: "Sticker", document: "File", location: "Location", contact: "Contact", video: "Video note",
    enlarge: "Show the picture large", scanWith: "Scan with {name}’s phone", close: "Close", which: "Open the invitation on which phone?", spoiler: "Show what is hidden",
    name: "Name", where: "Place", tongue: "Language in Telegram", zone: "Time zone", country: "Country", elsewhere: "Elsewhere …", save: "Add",
    offline: "The sandbox cannot be reached.", step: "Skip", done: "Done", forMe: "Do it for me", sample: "Tea was ready before I asked ☕",
    steps: [
      ["Meet {a}", "Two minutes, ten steps. {a} has just found Recipro: press Start on this phone."],
      ["First buttons", "The first button is always the suggested one. Press it until the first prompt is there."],
      ["An invitation", "Now {a} invites someone dear: send /pair, then press the first button."],
      ["From phone to phone", "Here is the invitation. Press it, and open it on {b}’s phone."],
      ["{b} says yes", "First buttons for {b}, too. The last one is Accept: nobody is connected without it."],
      ["At each one’s own hour", "Turn the clock to the next prompt. Each phone lives in its own time zone."],
      ["Answer, then share", "Write something noticed today. Only its writer sees it, until Share is pressed."],
      ["Let’s reset", "A hard day? Send /reset and press the first button. The other answers in one tap and owes no reason."],
      ["A look at the week", "Turn to Sunday evening. What was noticed comes back. Nothing is counted."],
      ["Behind the scenes", "This was the real bot. See all its calls, make trouble for it, even kill it: nothing is lost."],
    ],
  },
  hi: {
    tagline: "दो फ़ोन, एक घड़ी। कुछ भी इस कंप्यूटर से बाहर नहीं जाता।", tools: "औज़ार", phones: "फ़ोन", clock: "घड़ी",
    next: "अगला संदेश", hour: "+1 घंटा", day: "+1 दिन", sunday: "रविवार शाम", now: "अभी", none: "अभी किसी को संदेश का इंतज़ार नहीं। पहले किसी फ़ोन पर “शुरू करें” दबाइए।",
    add: "कोई और जोड़ें", tour: "सैर", behind: "पर्दे के पीछे", theme: "उजला या गहरा", language: "इस पन्ने की भाषा",
    bot: "बॉट", restart: "झटके से बंद, फिर चालू", stop: "रोकें", kill: "झटके से बंद", start: "चलाएँ", here: "बॉट मौजूद है", away: "बॉट नहीं है", lost: "फिर से जुड़ रहा है …",
    running: "चल रहा है, कुछ भी बाक़ी नहीं।", waits: "बाक़ी है: सुनना {u}, भेजना {d}।", ended: "रुका हुआ है। इंतज़ार में: सुनना {u}, भेजना {d}।",
    faults: "मुश्किलें पैदा करें", f429: "बहुत सारे अनुरोध", f5xx: "सेवा ठप", fdrop: "कनेक्शन टूटें", flose: "एक जवाब खो जाए", blocks: "{name} बॉट को ब्लॉक करे",
    left: "{n} बार और", untilOff: "बंद करने तक", deliveries: "भेजी जाने वाली बातें", calls: "टेलीग्राम से बातचीत",
    whom: "किसे", what: "क्या", state: "हाल", due: "कब", asked: "पूछा", answered: "जवाब",
    begin: "शुरू करें", whatCan: "यह बॉट क्या कर सकता है?", robot: "बॉट", write: "संदेश", send: "भेजें", record: "आवाज़ में संदेश भेजें", menu: "मेनू", commands: "कमांड", attach: "साथ भेजें", options: "और",
    block: "बॉट को ब्लॉक करें", unblock: "अनब्लॉक करें", scan: "कोड स्कैन करें", noCode: "किसी और फ़ोन पर कोई कोड नहीं दिख रहा।", scanning: "कोड ढूँढा जा रहा है …", types: "लिख रहा है …",
    reply: "जवाब दें", react: "प्रतिक्रिया", edit: "बदलें", remove: "हटाएँ", copy: "कॉपी करें", copied: "कॉपी हो गया", edited: "बदला गया", more: "इस संदेश के लिए और",
    earlier: "पहले के संदेश", fresh: "सबसे नए तक", forwarded: "आगे भेजा गया", hint: "तीर वाली कुंजियों से संदेशों पर जाइए; Enter से विकल्प खुलते हैं।",
    photo: "फ़ोटो", pick: "अपनी फ़ोटो …", voice: "आवाज़ में संदेश", sticker: "स्टिकर", document: "फ़ाइल", location: "जगह", contact: "संपर्क", video: "वीडियो",
    enlarge: "तस्वीर बड़ी देखें", scanWith: "{name} के फ़ोन से स्कैन करें", close: "बंद करें", which: "न्योता किस फ़ोन पर खोलें?", spoiler: "छिपा हुआ दिखाएँ",
    name: "नाम", where: "जगह", tongue: "टेलीग्राम की भाषा", zone: "समय क्षेत्र", country: "देश", elsewhere: "कहीं और …", save: "जोड़ें",
    offline: "सैंडबॉक्स तक पहुँच नहीं हो पा रही।", step: "छोड़ें", done: "बस", forMe: "मेरे लिए कर दें", sample: "बिना कहे चाय बन गई ☕",
    steps: [
      ["{a} से मिलिए", "दो मिनट, दस क़दम। {a} को Recipro अभी-अभी मिला है: इस फ़ोन पर “शुरू करें” दबाइए।"],
      ["पहला बटन", "पहला बटन हमेशा सुझाया हुआ होता है। पहला संदेश आने तक उसे दबाते रहिए।"],
      ["एक न्योता", "अब {a} की ओर से किसी अपने को न्योता: /pair भेजिए, फिर पहला बटन दबाइए।"],
      ["एक फ़ोन से दूसरे तक", "न्योता यह रहा। उसे दबाइए और {b} के फ़ोन पर खोलिए।"],
      ["{b} की हाँ", "{b} के लिए भी पहले बटन। आख़िर में “स्वीकार”: उसके बिना कोई नहीं जुड़ता।"],
      ["हर एक का अपना समय", "घड़ी को अगले संदेश तक घुमाइए। हर फ़ोन अपने समय क्षेत्र में रहता है।"],
      ["जवाब, फिर साझा", "आज जो नज़र आया, वह लिखिए। साझा करने तक वह सिर्फ़ लिखने वाले को दिखता है।"],
      ["चलो, फिर से शुरू करें", "दिन मुश्किल था? /reset भेजिए और पहला बटन दबाइए। दूसरा एक बटन से जवाब देता है, वजह बताए बिना।"],
      ["हफ़्ते पर एक नज़र", "रविवार शाम तक घुमाइए। जो नज़र आया था, लौट आता है। कुछ भी गिना नहीं जाता।"],
      ["पर्दे के पीछे", "यह असली बॉट था। उसकी हर बातचीत देखिए, उसे परेशान कीजिए, बंद भी कीजिए: कुछ नहीं खोता।"],
    ],
  },
  ar: {
    tagline: "هاتفان وساعة واحدة. لا شيء يغادر هذا الجهاز.", tools: "أدوات", phones: "الهواتف", clock: "الساعة",
    next: "الرسالة التالية", hour: "بعد ساعة", day: "بعد يوم", sunday: "مساء الأحد", now: "الآن", none: "لا أحد ينتظر رسالة بعد. اضغط «ابدأ» على أحد الهواتف أولًا.",
    add: "إضافة شخص", tour: "جولة", behind: "خلف الكواليس", theme: "فاتح أو داكن", language: "لغة الصفحة",
    bot: "البوت", restart: "قطع ثم تشغيل", stop: "إيقاف", kill: "قطع مفاجئ", start: "تشغيل", here: "البوت حاضر", away: "البوت غائب", lost: "إعادة الاتصال …",
    running: "البوت يعمل، ولا شيء ينتظره.", waits: "بقي له: للسماع {u}، للإرسال {d}.", ended: "البوت متوقف. ما ينتظره: للسماع {u}، للإرسال {d}.",
    faults: "متاعب عند الطلب", f429: "طلبات كثيرة", f5xx: "انقطاع الخدمة", fdrop: "انقطاع الاتصال", flose: "ضياع إجابة", blocks: "حظر البوت عند {name}",
    left: "بقي {n}", untilOff: "حتى الإيقاف", deliveries: "الإرسالات", calls: "الاتصالات بتيليجرام",
    whom: "إلى", what: "ماذا", state: "الحالة", due: "الموعد", asked: "الطلب", answered: "الإجابة",
    begin: "ابدأ", whatCan: "ماذا يفعل هذا البوت؟", robot: "بوت", write: "رسالة", send: "إرسال", record: "إرسال رسالة صوتية", menu: "القائمة", commands: "الأوامر", attach: "إرفاق", options: "المزيد",
    block: "حظر البوت", unblock: "إلغاء الحظر", scan: "مسح رمز", noCode: "لا رمز ظاهر على هاتف آخر.", scanning: "جارٍ البحث عن رمز …", types: "يكتب …",
    reply: "رد", react: "تفاعل", edit: "تعديل", remove: "حذف", copy: "نسخ", copied: "تم النسخ", edited: "معدّلة", more: "المزيد عن هذه الرسالة",
    earlier: "رسائل أقدم", fresh: "إلى الأحدث", forwarded: "رسالة محوّلة", hint: "تنقّل بين الرسائل بمفاتيح الأسهم، ويعرض Enter ما يمكن فعله بكل رسالة.",
    photo: "صورة", pick: "صورة من جهازك …", voice: "رسالة صوتية", sticker: "ملصق", document: "ملف", location: "موقع", contact: "جهة اتصال", video: "رسالة مرئية",
    enlarge: "عرض الصورة كبيرة", scanWith: "المسح بهاتف {name}", close: "إغلاق", which: "على أي هاتف تُفتح الدعوة؟", spoiler: "إظهار المخفي",
    name: "الاسم", where: "المكان", tongue: "لغة تيليجرام", zone: "المنطقة الزمنية", country: "البلد", elsewhere: "مكان آخر …", save: "إضافة",
    offline: "تعذّر الوصول إلى صندوق التجربة.", step: "تخطٍّ", done: "تم", forMe: "نفّذ عني", sample: "وجدت الشاي جاهزًا قبل أن أطلبه ☕",
    steps: [
      ["تعرّف إلى {a}", "دقيقتان وعشر خطوات. وصل Recipro للتو إلى هاتف {a}: اضغط «ابدأ» على هذا الهاتف."],
      ["الزر الأول", "الزر الأول هو المقترح دائمًا. تابع الضغط عليه حتى تصل الرسالة الأولى."],
      ["دعوة", "والآن دعوة من {a} إلى شخص عزيز: أرسل ‎/pair ثم اضغط الزر الأول."],
      ["من هاتف إلى هاتف", "هذه هي الدعوة. اضغطها وافتحها على هاتف {b}."],
      ["موافقة {b}", "الأزرار الأولى مع {b} أيضًا. آخرها «قبول»، ولا ارتباط من دونه."],
      ["لكلٍّ ساعته", "أدر الساعة إلى الرسالة التالية. كل هاتف يعيش في منطقته الزمنية."],
      ["إجابة ثم مشاركة", "اكتب شيئًا لفت النظر اليوم. لا يراه إلا كاتبه حتى يُضغط زر المشاركة."],
      ["بداية جديدة", "يوم صعب؟ أرسل ‎/reset واضغط الزر الأول. الطرف الآخر يجيب بلمسة، بلا حاجة إلى سبب."],
      ["نظرة إلى الأسبوع", "أدر الساعة إلى مساء الأحد. يعود ما لفت النظر، ولا شيء يُعَدّ."],
      ["خلف الكواليس", "كان هذا البوت الحقيقي. شاهد كل اتصالاته، أزعجه أو اقطعه فجأة: لا شيء يضيع."],
    ],
  },
  fr: {
    tagline: "Deux téléphones, une horloge. Rien ne quitte cet ordinateur.", tools: "Outils", phones: "Téléphones", clock: "Horloge",
    next: "Prochain petit mot", hour: "+1 heure", day: "+1 jour", sunday: "Dimanche soir", now: "Maintenant", none: "Personne n’attend encore de petit mot. Touchez d’abord Démarrer sur un téléphone.",
    add: "Ajouter quelqu’un", tour: "Visite", behind: "En coulisses", theme: "Clair ou sombre", language: "Langue de la page",
    bot: "Le robot", restart: "Tuer et redémarrer", stop: "Arrêter", kill: "Tuer", start: "Démarrer", here: "Robot présent", away: "Robot absent", lost: "Reconnexion…",
    running: "Il tourne, et rien ne l’attend.", waits: "Il lui reste : {u} à entendre, {d} à envoyer.", ended: "Il est arrêté. Ce qui l’attend : {u} à entendre, {d} à envoyer.",
    faults: "Pannes à la demande", f429: "Trop de requêtes", f5xx: "Panne de service", fdrop: "Connexions coupées", flose: "Une réponse perdue", blocks: "{name} bloque le robot",
    left: "encore {n}", untilOff: "jusqu’à l’arrêt", deliveries: "Envois", calls: "Appels à Telegram",
    whom: "Pour", what: "Quoi", state: "État", due: "Prévu", asked: "Demande", answered: "Réponse",
    begin: "Démarrer", whatCan: "Que peut faire ce robot ?", robot: "robot", write: "Message", send: "Envoyer", record: "Envoyer un message vocal", menu: "Menu", commands: "Commandes", attach: "Joindre", options: "Plus",
    block: "Bloquer le robot", unblock: "Débloquer", scan: "Scanner un code", noCode: "Aucun autre téléphone n’affiche de code.", scanning: "Recherche d’un code…", types: "écrit…",
    reply: "Répondre", react: "Réagir", edit: "Modifier", remove: "Supprimer", copy: "Copier", copied: "Copié", edited: "modifié", more: "Plus sur ce message",
    earlier: "Messages précédents", fresh: "Au plus récent", forwarded: "Transféré", hint: "Les flèches parcourent les messages ; Entrée montre ce qu’on peut en faire.",
    photo: "Photo", pick: "Votre photo…", voice: "Message vocal", sticker: "Autocollant", document: "Fichier", location: "Lieu", contact: "Contact", video: "Message vidéo",
    enlarge: "Voir l’image en grand", scanWith: "Scanner avec le téléphone de {name}", close: "Fermer", which: "Ouvrir l’invitation sur quel téléphone ?", spoiler: "Montrer ce qui est caché",
    name: "Nom", where: "Lieu", tongue: "Langue dans Telegram", zone: "Fuseau horaire", country: "Pays", elsewhere: "Ailleurs…", save: "Ajouter",
    offline: "Le bac à sable est injoignable.", step: "Passer", done: "Terminé", forMe: "Faites-le pour moi", sample: "Le thé était prêt avant que je demande ☕",
    steps: [
      ["Voici {a}", "Deux minutes, dix étapes. {a} vient de découvrir Recipro : touchez Démarrer sur ce téléphone."],
      ["Premiers boutons", "Le premier bouton est toujours celui qu’on suggère. Touchez-le jusqu’au premier petit mot."],
      ["Une invitation", "{a} invite une personne chère : envoyez /pair, puis touchez le premier bouton."],
      ["D’un téléphone à l’autre", "Voici l’invitation. Touchez-la et ouvrez-la sur le téléphone de {b}."],
      ["{b} dit oui", "Premiers boutons pour {b} aussi. Le dernier accepte : sans lui, personne n’est relié."],
      ["À chacun son heure", "Tournez l’horloge jusqu’au prochain petit mot. Chaque téléphone vit dans son fuseau."],
      ["Répondre, puis partager", "Écrivez ce qui a été remarqué aujourd’hui. Personne d’autre ne le voit avant le partage."],
      ["On repart à zéro", "Dure journée ? Envoyez /reset et touchez le premier bouton. L’autre répond d’un geste, sans raison à donner."],
      ["Un regard sur la semaine", "Tournez jusqu’à dimanche soir. Ce qui a été remarqué revient. Rien n’est compté."],
      ["En coulisses", "C’était le vrai robot. Voyez tous ses appels, semez la panne, tuez-le même : rien ne se perd."],
    ],
  },
};

const PLACES = [
  ["Mumbai", "Asia/Kolkata", "IN"], ["Toronto", "America/Toronto", "CA"], ["Montréal", "America/Toronto", "CA"], ["Dubai", "Asia/Dubai", "AE"],
  ["London", "Europe/London", "GB"], ["New York", "America/New_York", "US"], ["Los Angeles", "America/Los_Angeles", "US"], ["Sydney", "Australia/Sydney", "AU"],
];
const TONGUES = "en hi ar fr en-GB en-AU en-CA en-IN en-US fr-CA bn cs da de el es fa fi he hu id it ja kk ko mr ms nb nl pl pt ro ru sv ta te tr uk ur uz vi zh".split(" ");
const REACTIONS = ["❤", "👍", "🙏", "🥰", "🤗", "🎉"];
const TURNS = {next: {next_prompt: true}, hour: {advance_seconds: 3600}, day: {advance_seconds: 86400}, sunday: {next_week: true}, real: {real: true}};
const SENDS = ["sendMessage", "sendPhoto"];
const FAULTS = {
  too_many: {times: 3, retry_after: 3, methods: [...SENDS, "editMessageText"]}, server_error: {},
  drop: {times: 3, methods: SENDS}, lose_answer: {times: 1, methods: SENDS},
};
const CARRIED = {photo: "photo", voice: "voice", sticker: "sticker", document: "document", location: "location", contact: "contact", video_note: "video"};
const PAGE = 60; // messages drawn at first, and each time somebody reads further back
const MOST = 200; // messages drawn at most while the newest are in view
const CALLS = 200; // calls shown behind the scenes
const PHOTO_SIDE = 1280; // pixels: as large as Telegram keeps a photo
const ANSWERED_WITHIN = 8000; // ms after which a button stops looking pressed
const TYPING = 5000; // ms that a chat action shows
const TYPIST = matchMedia("(hover: hover)").matches; // whose focus opens no keyboard over half the screen

const phones = new Map();
const calls = [];
let offset = 0, seq = 0, rows = [], faults = [], online = false, pending = 0, ready = false;

function store(key, value) {
  try { if (value !== undefined) localStorage.setItem(key, value); return localStorage.getItem(key); } catch { return null; }
}
const wanted = store("lang") || navigator.language.slice(0, 2);
let language = SAY[wanted] ? wanted : "en";

/** A sentence of the page (or of a phone: *tongue*); names keep their direction inside it. */
function say(key, values = {}, tongue = language) {
  const told = SAY[tongue][key];
  return told.replace(/\{(\w+)\}/g, (_, name) => (tongue === "ar" && isNaN(values[name]) ? `\u2068${values[name]}\u2069` : values[name]));
}

const $ = selector => document.querySelector(selector);
const all = selector => document.querySelectorAll(selector);
const now = () => new Date(Date.now() + offset);
const cast = () => [...phones.values()];
const idOf = node => Number(node?.dataset.id);
const bare = emoji => emoji.replace("\ufe0f", "");
const fileOf = each => "/sim/files/" + encodeURIComponent(each.file_id);

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name in node && name !== "form") node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

const button = (label, deed, attributes = {}) => make("button", {type: "button", textContent: label, onclick: deed, ...attributes});

function icon(name) {
  const svg = $("#phone").content.querySelector("svg").cloneNode(true);
  svg.removeAttribute("class");
  svg.firstElementChild.setAttribute("href", `#i-${name}`);
  return svg;
}

async function ask(path, body, method = body === undefined ? "GET" : "POST") {
  const sent = body === undefined ? {} : {headers: {"Content-Type": "application/json"}, body: JSON.stringify(body)};
  const answer = await fetch("/sim/" + path, {method, ...sent});
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.error);
  return told;
}

/** Ask, and say aloud what went wrong instead of throwing it. */
async function tryTo(...what) {
  try { return await ask(...what); } catch (error) { toast(error instanceof TypeError ? say("offline") : error.message); return null; }
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

function copy(text, phone) {
  navigator.clipboard?.writeText(text).catch(() => {}); // not allowed here: the text is on the screen anyway
  phone.note(phone.say("copied"));
}

function translate() {
  document.documentElement.lang = language;
  document.documentElement.dir = language === "ar" ? "rtl" : "ltr";
  for (const node of all("[data-say]")) node.textContent = say(node.dataset.say);
  for (const node of all("[data-say-label]")) {
    node.setAttribute("aria-label", say(node.dataset.sayLabel));
    if (node.tagName === "BUTTON") node.title = say(node.dataset.sayLabel);
  }
  for (const phone of cast()) phone.translate();
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
      at = end + (node.tagName === "BLOCKQUOTE" && text[end] === "\n" ? 1 : 0); // a block ends its line by itself
    }
    if (at < to) parent.append(text.slice(at, to));
  };
  build(top, 0, text.length, [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length));
  return top;
}

function dressed(entity, words, phone) {
  switch (entity.type) {
    case "bold": case "italic": case "underline": case "strikethrough": return make(entity.type[0]); // b, i, u, s
    case "code": case "pre": return make(entity.type);
    case "blockquote": return make("blockquote", {dir: "auto"});
    case "expandable_blockquote": return make("blockquote", {dir: "auto", className: "long", tabIndex: -1});
    case "spoiler": return make("button", {type: "button", tabIndex: -1, className: "spoiler", "aria-label": phone.say("spoiler")});
    case "bot_command": return make("button", {type: "button", tabIndex: -1, className: "cmd", dir: "ltr", "data-command": words});
    case "url": return linked(/^\w+:/.test(words) ? words : "https://" + words);
    case "text_link": return linked(entity.url);
    case "date_time": return phone.moment(entity);
    default: return make("span");
  }
}

function linked(url) {
  if (!/^https?:/.test(url)) return make("span");
  return make("a", {href: url, tabIndex: -1, target: "_blank", rel: "noopener noreferrer", "data-link": url});
}

const invitation = link => /^https?:\/\/t\.me\/\w+\?start=([\w-]+)/.exec(link ?? "")?.[1];

/** The code of the invitation that a message carries in its words or its buttons. */
function invitationIn(message) {
  const keys = (message.reply_markup?.inline_keyboard ?? []).flat().map(key => key.copy_text?.text ?? key.url);
  const words = message.text ?? message.caption ?? "";
  const links = (message.entities ?? message.caption_entities ?? []).map(each => each.url ?? words.slice(each.offset, each.offset + each.length));
  return [...keys, ...links].map(invitation).find(Boolean);
}

/** The beginning of a message, or what it is when it has no words. */
function gist(message, phone, length = 90) {
  const words = message?.text ?? message?.caption;
  if (words) return words.replace(/\s+/g, " ").slice(0, length);
  const kind = Object.keys(CARRIED).find(each => message?.[each]);
  return kind ? phone.say(CARRIED[kind]) : "…";
}

const known = locale => { try { return Intl.DateTimeFormat.supportedLocalesOf(locale).length > 0; } catch { return false; } };
const zoned = zone => { try { return Boolean(new Intl.DateTimeFormat("en", {timeZone: zone})); } catch { return false; } };
const named = (locales, type, code) => { try { return new Intl.DisplayNames(locales, {type}).of(code) ?? code; } catch { return code; } };

// ---- a phone

class Phone {
  constructor(person) {
    Object.assign(this, {person, messages: new Map(), nodes: new Map(), presses: new Map(), commands: [], description: "", botName: "Recipro"});
    Object.assign(this, {seq: 0, unseen: 0, reply: null, editing: null, tabStop: null});
    this.node = $("#phone").content.firstElementChild.cloneNode(true);
    this.node.id = `phone-${person.id}`;
    this.find = selector => this.node.querySelector(selector);
    this.chat = this.find(".chat");
    this.lines = this.find(".lines");
    this.text = this.find("textarea");
    this.form = this.find("form");
    this.aid = make("div", {className: "aid", hidden: true}, make("button", {type: "button", tabIndex: -1, className: "round re-it"}, icon("reply")), make("button", {type: "button", tabIndex: -1, className: "round more-of", "aria-haspopup": "menu"}, icon("more")));
    this.tab = button("", () => front(this), {role: "tab", id: `tab-${person.id}`, "aria-controls": this.node.id});
    this.bind();
    this.know(person);
    $("#phones").append(this.node);
    $("#tabs").append(this.tab);
  }

  /** Take in what is told of the person. */
  know(person) {
    this.person = person;
    const code = person.language_code || "en";
    this.tongue = SAY[code.slice(0, 2)] ? code.slice(0, 2) : "en";
    this.locale = [code.length > 2 ? code : `${code}-${person.country || "US"}`, code, "en"].find(known) ?? "en";
    this.zone = zoned(person.zone) ? person.zone : "UTC";
    const at = (options, locale = this.locale) => new Intl.DateTimeFormat(locale, {timeZone: this.zone, ...options});
    this.shapes = {
      time: at({hour: "numeric", minute: "2-digit"}), day: at({weekday: "long", day: "numeric", month: "long"}),
      wall: at({weekday: "short", hour: "numeric", minute: "2-digit"}), short: at({weekday: "short", hour: "2-digit", minute: "2-digit"}),
      key: at({}, "en-CA"), hour: at({hour: "2-digit", hourCycle: "h23"}, "en-GB"),
    };
    this.node.dir = /^(ar|fa|he|ur)/.test(code) ? "rtl" : "ltr";
    this.node.lang = this.tongue;
    this.chat.lang = code;
    this.translate();
  }

  get title() { return this.person.title || this.person.first_name; }
  get atEnd() { return this.chat.scrollTop > -80; }

  /** A sentence in this phone's own language, as Telegram would show it there. */
  say(key, values) { return say(key, values, this.tongue); }

  label(selector, text) {
    const node = this.find(selector);
    node.setAttribute("aria-label", text);
    node.title = text;
  }

  translate() {
    const {person} = this;
    this.node.setAttribute("aria-label", this.title);
    this.chat.setAttribute("aria-label", this.title);
    this.chat.setAttribute("aria-description", this.say("hint"));
    this.find("h2").textContent = this.title;
    this.find(".tongue").textContent = person.language_code ? named([person.language_code], "language", person.language_code) : "";
    this.find(".name").textContent = this.botName;
    this.types(false);
    this.text.placeholder = this.say("write");
    this.text.setAttribute("aria-label", `${this.say("write")} · ${person.first_name}`);
    this.find(".menu span").textContent = this.say("menu");
    for (const key of ["send", "record", "attach", "fresh"]) this.label("." + key, this.say(key));
    this.label(".top .more", `${this.say("options")} · ${person.first_name}`);
    this.label(".replying button", this.say("close"));
    this.find(".commands").setAttribute("aria-label", this.say("commands"));
    for (const [selector, key] of [[".re-it", "reply"], [".more-of", "more"]]) this.aid.querySelector(selector).setAttribute("aria-label", this.say(key));
    const gate = this.find(".gate");
    gate.textContent = this.say(person.blocked ? "unblock" : "begin");
    gate.hidden = person.started && !person.blocked;
    this.form.hidden = !gate.hidden;
    this.tab.replaceChildren(make("span", {textContent: person.first_name}), make("small", {className: "wall", dir: this.node.dir}));
    this.tick();
  }

  /** Show the wall's time and how light it is there. */
  tick() {
    const hour = Number(this.shapes.hour.format(now()));
    const sky = hour < 5 || hour >= 21 ? "night" : hour < 8 ? "dawn" : hour < 18 ? "day" : "dusk";
    this.find(".bar").className = `bar ${sky}`;
    for (const name of ["night", "dawn", "day", "dusk"]) this.tab.classList.toggle(name, name === sky);
    for (const wall of [this.find(".wall"), this.tab.querySelector(".wall")]) wall.textContent = this.shapes.wall.format(now());
  }

  /** A moment that the bot named, on this phone's own clock. */
  moment({unix_time: seconds, date_time_format: form = ""}) {
    const at = new Date(seconds * 1000);
    const options = {timeZone: this.zone};
    if (/w/i.test(form)) options.weekday = "long";
    if (/d/i.test(form)) options.dateStyle = form.includes("D") ? "long" : "short";
    if (/t/i.test(form)) options.timeStyle = form.includes("T") ? "medium" : "short";
    if (options.weekday && (options.dateStyle || options.timeStyle)) Object.assign(options, {dateStyle: options.dateStyle && "full", weekday: undefined});
    const node = make("time", {dateTime: at.toISOString(), title: `${this.shapes.day.format(at)} ${this.shapes.time.format(at)}`});
    if (form && form !== "r") node.textContent = new Intl.DateTimeFormat(this.locale, options).format(at);
    return node;
  }

  // -- what the person does

  bind() {
    this.form.onsubmit = event => { event.preventDefault(); this.submit(); };
    this.text.onkeydown = event => this.typed(event);
    this.text.oninput = () => { this.fit(); this.menu(this.text.value.startsWith("/") && !this.text.value.includes(" ")); };
    this.text.onpaste = event => { const [file] = event.clipboardData.files; if (file) { event.preventDefault(); this.sendPhoto(file); } };
    this.find(".menu").onclick = () => this.menu(this.find(".commands").hidden, true);
    this.find(".attach").onclick = event => this.attach(event.currentTarget);
    this.find(".record").onclick = () => this.send(null, {voice: {duration: 3}});
    this.find(".top .more").onclick = event => this.choices(event.currentTarget);
    this.find(".replying button").onclick = () => { this.answer(null); this.text.focus(); };
    this.find(".gate").onclick = () => (this.person.blocked ? this.block() : this.send("/start"));
    this.find(".fresh").onclick = () => { this.draw(); this.toEnd(); };
    const list = this.find(".commands");
    list.onclick = event => { const chosen = event.target.closest("button"); if (chosen) { this.clear(); this.send(chosen.dataset.command); if (TYPIST) this.text.focus(); } };
    list.onkeydown = event => arrows(event, list.children);
    this.node.addEventListener("keydown", event => { if (event.key === "Escape" && (this.reply || this.editing || !list.hidden)) { this.menu(false); this.answer(null); this.text.focus(); } });
    this.node.addEventListener("focusout", event => { if (!this.node.contains(event.relatedTarget)) this.menu(false); });
    this.chat.onclick = event => this.click(event);
    this.chat.onkeydown = event => this.walk(event);
    this.chat.ondblclick = event => { const node = event.target.closest(".msg"); if (node && !event.target.closest("button, a")) { getSelection().removeAllRanges(); this.answer(idOf(node)); } };
    this.chat.oncontextmenu = event => { const node = event.target.closest(".msg"); if (node) { event.preventDefault(); this.options(node, event.clientX, event.clientY); } };
    this.chat.addEventListener("pointerover", event => { if (event.pointerType === "mouse") this.hover(event.target.closest(".msg")); });
    this.chat.onpointerleave = () => this.hover(null);
    this.chat.addEventListener("scroll", () => this.scrolled(), {passive: true});
    this.swipe();
  }

  does(deed, body) { return tryTo(`people/${this.person.id}/${deed}`, body); }
  block() { return this.does(this.person.blocked ? "unblock" : "block", {}); }

  fit() {
    this.form.classList.toggle("wrote", this.text.value.trim() !== "");
    if (!CSS.supports("field-sizing", "content")) { this.text.style.height = "auto"; this.text.style.height = `${this.text.scrollHeight}px`; }
  }

  clear() {
    this.text.value = "";
    this.fit();
    this.menu(false);
  }

  typed(event) {
    const list = this.find(".commands");
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); this.submit(); }
    if (event.key === "ArrowDown" && !list.hidden) { event.preventDefault(); list.querySelector("button")?.focus(); }
    if (event.key === "ArrowUp" && !this.text.value) {
      const own = [...this.messages.values()].findLast(each => !each.from?.is_bot && each.text);
      if (own) { event.preventDefault(); this.answer(own.message_id, true); }
    }
  }

  submit() {
    const text = this.text.value.trim();
    if (!text) return;
    const message_id = this.editing;
    this.clear();
    const sent = message_id ? this.does("edit", {message_id, text}) : this.send(text);
    if (message_id) this.answer(null);
    sent.then(taken => { if (!taken && !this.text.value) { this.text.value = text; this.fit(); } }); // it could not be sent: nothing is lost
  }

  send(text, more = {}) {
    const body = {...more, ...(text && {text}), ...(this.reply && {reply_to: this.reply})};
    this.answer(null);
    this.toEnd();
    if (text && !text.startsWith("/")) Tour.saw("said");
    return this.does("send", body);
  }

  /** Send a picture of the person's own, no larger than Telegram would keep it. */
  async sendPhoto(file) {
    const picture = await createImageBitmap(file).catch(() => null);
    if (!picture) return;
    const scale = Math.min(1, PHOTO_SIDE / Math.max(picture.width, picture.height));
    const canvas = make("canvas", {width: Math.round(picture.width * scale), height: Math.round(picture.height * scale)});
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    const text = this.text.value.trim();
    this.clear();
    await this.send(text || null, {photo: {data: canvas.toDataURL("image/jpeg", .85).split(",")[1], name: "photo.jpg", mime: "image/jpeg"}});
  }

  /** Answer the message *id*, or *edit* it; null ends either. */
  answer(id, edit = false) {
    if (this.editing && !id) this.clear();
    this.reply = edit ? null : id;
    this.editing = edit ? id : null;
    this.find(".replying").hidden = !id;
    if (!id) return;
    const message = this.messages.get(id);
    this.find(".replying span").textContent = `${this.say(edit ? "edit" : "reply")}: ${gist(message, this)}`;
    if (edit) { this.text.value = message.text ?? message.caption ?? ""; this.fit(); }
    this.text.focus();
  }

  /** The commands, those that fit what is typed; *focus* goes to the first. */
  menu(open, focus = false) {
    const list = this.find(".commands");
    const begun = this.text.value.startsWith("/") ? this.text.value : "/";
    const fit = open ? this.commands.filter(({command}) => ("/" + command).startsWith(begun)) : [];
    list.hidden = !fit.length;
    this.find(".menu").setAttribute("aria-expanded", String(!list.hidden));
    list.replaceChildren(...fit.map(({command, description}) => make("button", {type: "button", role: "menuitem", "data-command": "/" + command}, make("b", {textContent: "/" + command, dir: "ltr"}), make("span", {textContent: description, dir: "auto"}))));
    if (focus) list.querySelector("button")?.focus();
  }

  attach(from) {
    const input = make("input", {type: "file", accept: "image/*", onchange: () => this.sendPhoto(input.files[0])});
    const kinds = ["photo", "voice", "sticker", "document", "location", "contact", "video_note"];
    const made = kinds.map(kind => button(this.say(CARRIED[kind]), () => this.send(null, {[kind]: true})));
    popUp([button(this.say("pick"), () => input.click()), ...made, button(this.say("scan"), () => this.scan())], from.getBoundingClientRect(), from);
  }

  choices(from) {
    const {blocked, started} = this.person;
    const block = button(this.say(blocked ? "unblock" : "block"), () => this.block(), {className: "danger"});
    popUp([button(this.say("scan"), () => this.scan()), ...(started ? [block] : [])], from.getBoundingClientRect(), from);
  }

  /** Hold this phone's camera before the code on another phone, and follow it. */
  scan(message = newestInvitation(this)) {
    const code = message && invitationIn(message);
    if (!code) { this.note(this.say("noCode")); return; }
    const camera = this.find(".camera");
    camera.querySelector("p").textContent = this.say("scanning");
    camera.querySelector(".frame").replaceChildren(...(message.photo ? [make("img", {src: fileOf(message.photo.at(-1)), alt: ""})] : []));
    camera.hidden = false;
    front(this);
    setTimeout(() => { camera.hidden = true; this.open(code); }, 1300);
  }

  /** Follow the link of an invitation, as a tap on it does. */
  open(payload) {
    front(this);
    for (const phone of cast()) phone.toEnd(); // this goes on between them
    return this.does("open", {payload});
  }

  click(event) {
    const target = event.target.closest("button, a, .long");
    const node = event.target.closest(".msg");
    if (!target) { // on a touch screen a tap on a message shows what can be done with it
      if (node && event.pointerType === "touch" && !this.swiped) this.options(node, event.clientX, event.clientY);
      return;
    }
    const {row, column, command, link, emoji} = target.dataset;
    const id = idOf(node);
    if (row !== undefined) this.press(target, id, Number(row), Number(column));
    else if (command) this.send(command);
    else if (invitation(link)) { event.preventDefault(); follow(invitation(link), this); }
    else if (target.matches(".spoiler, .long")) { target.classList.add("seen"); target.removeAttribute("aria-label"); }
    else if (target.matches(".earlier")) this.earlier();
    else if (target.matches(".re-it")) this.answer(id);
    else if (target.matches(".more-of")) this.options(node, ...corner(target));
    else if (target.matches(".shot")) enlarge(this.messages.get(id), this);
    else if (target.matches(".voice")) listenTo(target);
    else if (target.matches(".re")) this.jump(Number(target.dataset.to));
    else if (emoji) this.react(id, emoji);
  }

  async press(target, id, row, column) {
    const {copy: text, link} = target.dataset;
    const code = invitation(text ?? link);
    if (text !== undefined) copy(text, this);
    if (code) follow(code, this);
    else if (link) open(link, "_blank", "noopener,noreferrer");
    if (text !== undefined || link) return;
    const release = () => { clearTimeout(timer); target.removeAttribute("aria-busy"); };
    const timer = setTimeout(release, ANSWERED_WITHIN);
    target.setAttribute("aria-busy", "true");
    this.presses.get(id)?.();
    this.presses.set(id, release);
    if (!await this.does("tap", {message_id: id, row, column})) release();
  }

  mine(id, emoji) { return this.messages.get(id)?.reactions?.some(each => each.from === this.person.id && bare(each.emoji) === bare(emoji)); }
  react(id, emoji) { this.does("react", {message_id: id, emoji: this.mine(id, emoji) ? null : emoji}); }

  /** What can be done with one message. */
  options(node, x, y) {
    const id = idOf(node);
    const message = this.messages.get(id);
    const own = !message.from?.is_bot;
    const words = message.text ?? message.caption;
    const faces = REACTIONS.map(emoji => button(emoji, () => this.react(id, emoji), {"aria-label": `${this.say("react")} ${emoji}`, "aria-checked": String(Boolean(this.mine(id, emoji)))}));
    const items = [make("div", {className: "faces", role: "group", "aria-label": this.say("react")}, ...faces), button(this.say("reply"), () => this.answer(id))];
    if (words) items.push(button(this.say("copy"), () => copy(words, this)));
    if (own && words) items.push(button(this.say("edit"), () => this.answer(id, true)));
    items.push(button(this.say("remove"), () => this.does("delete", {message_id: id}), {className: "danger"}));
    popUp(items, {left: x, right: x, top: y, bottom: y}, node, this.node);
  }

  /** Arrow keys walk from message to message and along the buttons of one; Enter shows what can be done with it. */
  walk(event) {
    const on = event.target.closest(".msg");
    if (on && event.target !== on && event.target.matches(".keys button, .bubble button, .bubble a")) {
      if (event.key === "ArrowUp" || event.key === "ArrowDown") { event.preventDefault(); on.focus(); }
      arrows(event, on.querySelectorAll("button, a"), {ArrowRight: 1, ArrowLeft: -1});
      return;
    }
    if (event.target !== this.chat && event.target !== on) return;
    if (event.key === "ArrowUp" && on === this.lines.querySelector(".msg")) this.earlier();
    const drawn = [...this.lines.querySelectorAll(".msg")];
    const at = on ? drawn.indexOf(on) : drawn.length;
    const to = {ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: drawn.length - 1}[event.key];
    if (to !== undefined) {
      event.preventDefault();
      drawn[Math.max(0, Math.min(to, drawn.length - 1))]?.focus();
    } else if (on && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      this.options(on, ...corner(on.querySelector(".bubble")));
    } else if (on && event.key === "ArrowRight") on.querySelector(".keys button, .bubble button, .bubble a")?.focus();
    else if (on && event.key === "r" && !event.ctrlKey && !event.metaKey) { event.preventDefault(); this.answer(idOf(on)); }
  }

  hover(node) {
    this.aid.hidden = !node;
    if (node && this.aid.parentNode !== node) node.append(this.aid);
  }

  /** On a touch screen, a message pulled aside is answered. */
  swipe() {
    let start = null;
    const pulled = event => event.clientX - start.x;
    this.chat.addEventListener("pointerdown", event => {
      const node = event.pointerType === "touch" && event.target.closest(".msg");
      start = node ? {x: event.clientX, y: event.clientY, node} : null;
      this.swiped = false;
    });
    this.chat.addEventListener("pointermove", event => {
      if (!start) return;
      const by = pulled(event);
      if (!this.swiped && Math.abs(by) > 12 && Math.abs(by) > Math.abs(event.clientY - start.y)) this.swiped = true;
      if (this.swiped) start.node.style.translate = `${Math.sign(by) * Math.min(Math.abs(by), 72)}px`;
    });
    const end = event => {
      if (!start) return;
      start.node.style.translate = "";
      if (this.swiped && event.type === "pointerup" && Math.abs(pulled(event)) > 50) this.answer(idOf(start.node));
      start = null;
    };
    for (const kind of ["pointerup", "pointercancel"]) this.chat.addEventListener(kind, end);
  }

  // -- what is shown

  /** Begin anew with what the phone holds. */
  fill(told) {
    this.messages = new Map(told.messages.map(each => [each.message_id, each]));
    this.learn(told);
    this.draw();
    this.toEnd();
  }

  /** Take in what changed since the last look. */
  async catchUp() {
    const told = await ask(`people/${this.person.id}/chat?after=${this.seq}`);
    for (const message of told.messages) this.show(message);
    this.learn(told);
    if (!this.messages.size) this.draw();
  }

  learn({commands, description, name, seq: told}) {
    Object.assign(this, {commands, description, botName: name, seq: Math.max(this.seq, told)});
    this.find(".name").textContent = name;
  }

  /** Draw the newest messages, or those *from* a place in the list on. */
  draw(from = Math.max(this.messages.size - PAGE, 0)) {
    this.nodes.clear();
    this.lines.replaceChildren(...this.days([...this.messages.values()].slice(from)));
    if (from > 0) this.lines.prepend(button(this.say("earlier"), null, {className: "earlier"}));
    if (!this.messages.size) this.lines.append(this.about());
    this.chat.classList.toggle("empty", !this.messages.size);
    this.stopTabs();
  }

  /** Messages as days: each a section that begins with its date. */
  days(list) {
    const days = [];
    for (const message of list) {
      const day = this.shapes.key.format(message.date * 1000);
      if (days.at(-1)?.dataset.day !== day) days.push(make("section", {"data-day": day}, make("p", {className: "day-line", textContent: this.shapes.day.format(message.date * 1000)})));
      const node = this.drawn(message);
      this.nodes.set(message.message_id, node);
      days.at(-1).append(node);
    }
    return days;
  }

  about() {
    const mark = icon("mark");
    mark.setAttribute("class", "mark");
    return make("div", {className: "about"}, mark, make("p", {textContent: this.say("whatCan")}), make("p", {textContent: this.description || say("tagline"), dir: "auto"}));
  }

  /** Draw the messages before those that are drawn; the view stays, because it is measured from the newest. */
  earlier() {
    const ids = [...this.messages.keys()];
    const first = this.lines.querySelector("section");
    const end = ids.indexOf(idOf(first?.querySelector(".msg")));
    if (end <= 0) return;
    const from = Math.max(end - PAGE, 0);
    const days = this.days([...this.messages.values()].slice(from, end));
    if (days.at(-1).dataset.day === first.dataset.day) first.firstElementChild.after(...[...days.pop().children].slice(1));
    first.before(...days);
    if (from === 0) this.lines.querySelector(".earlier")?.remove();
  }

  scrolled() {
    const {scrollTop, scrollHeight, clientHeight} = this.chat;
    this.seen(this.atEnd ? 0 : this.unseen);
    if (!this.atEnd && scrollHeight - clientHeight + scrollTop < 300) this.earlier();
  }

  seen(unseen = 0) {
    this.unseen = unseen;
    const badge = this.find(".fresh b");
    badge.textContent = unseen || "";
    badge.hidden = !unseen;
    this.find(".fresh").hidden = !unseen && this.chat.scrollTop > -300;
  }

  toEnd() {
    this.chat.scrollTop = 0;
    this.seen();
  }

  jump(id) {
    if (!this.messages.has(id)) return;
    if (!this.nodes.has(id)) this.draw(Math.max([...this.messages.keys()].indexOf(id) - 10, 0));
    this.nodes.get(id).scrollIntoView({block: "center"});
    this.nodes.get(id).focus();
  }

  /** A message came, changed or went. */
  show(message) {
    const id = message.message_id;
    this.seq = Math.max(this.seq, message.seq ?? 0);
    if (message.deleted) { this.drop(id); return; }
    const known = this.messages.has(id);
    const late = !known && this.messages.size > 0 && id < [...this.messages.keys()].at(-1);
    this.messages.set(id, message);
    if (late) { this.messages = new Map([...this.messages].sort(([a], [b]) => a - b)); this.draw(); return; }
    if (known) this.replace(id, message);
    else this.append(message);
    lookSoon();
  }

  append(message) {
    const own = !message.from?.is_bot;
    const follow = own || this.atEnd;
    if (this.messages.size === 1) { this.chat.classList.remove("empty"); this.lines.replaceChildren(); }
    const [day] = this.days([message]);
    const last = this.lines.lastElementChild;
    day.lastElementChild.classList.add("born");
    if (last?.dataset.day === day.dataset.day) last.append(day.lastElementChild); else this.lines.append(day);
    this.stopTabs();
    if (!own) {
      this.types(false);
      announce(`${this.person.first_name}: ${gist(message, this, 300)}`);
      this.tab.classList.toggle("unread", this.tab.getAttribute("aria-selected") !== "true");
    }
    if (this.nodes.size > MOST && follow) this.draw();
    if (follow) this.toEnd(); else this.seen(this.unseen + 1);
  }

  replace(id, message) {
    const old = this.nodes.get(id);
    if (!old) return;
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    const node = this.drawn(message);
    const edited = message.edit_date && node.querySelector(".words")?.textContent !== old.querySelector(".words")?.textContent;
    if (edited) node.classList.add("changed");
    if (edited && message.from?.is_bot) announce(`${this.person.first_name}: ${gist(message, this, 300)}`);
    this.nodes.set(id, node);
    this.presses.delete(id);
    if ($("#pop").from === old) $("#pop").from = node;
    old.replaceWith(node);
    this.stopTabs();
    if (focused?.matches(".keys button")) (node.querySelector(`[data-row="${focused.dataset.row}"][data-column="${focused.dataset.column}"]`) ?? node.querySelector(".keys button") ?? node).focus();
    else if (focused) node.focus();
  }

  drop(id) {
    const node = this.nodes.get(id);
    this.messages.delete(id);
    this.nodes.delete(id);
    if (!node) return;
    if (node.contains(document.activeElement)) this.chat.focus();
    node.classList.add("gone");
    const leave = () => { const day = node.parentNode; node.remove(); if (day?.children.length === 1) day.remove(); this.stopTabs(); };
    Promise.all(node.getAnimations().map(each => each.finished)).then(leave, leave);
    if (!this.messages.size) this.draw();
  }

  /** The Tab key stops at the newest buttons only; arrows reach the others. */
  stopTabs() {
    const newest = [...this.lines.querySelectorAll(".keys")].at(-1);
    if (newest === this.tabStop) return;
    for (const key of this.tabStop?.querySelectorAll("button") ?? []) key.tabIndex = -1;
    for (const key of newest?.querySelectorAll("button") ?? []) key.tabIndex = 0;
    this.tabStop = newest;
  }

  /** Show whether the bot seems to write. */
  types(on) {
    this.find(".typing").hidden = !on;
    this.find(".sub").textContent = this.say(on ? "types" : "robot");
    this.find(".sub").classList.toggle("busy", on);
    clearTimeout(this.dots);
    if (on) this.dots = setTimeout(() => this.types(false), TYPING);
  }

  note(text) { toast(text, this.find(".notes")); }

  /** The bot has answered a tap. */
  told({message_id: id, text, show_alert: alert}) {
    this.presses.get(id)?.();
    if (text && alert) dialog(this.botName, make("p", {textContent: text, dir: "auto"}));
    else if (text) this.note(text);
  }

  // -- one message as a node

  drawn(message) {
    const own = !message.from?.is_bot;
    const at = new Date(message.date * 1000);
    const text = message.text ?? message.caption;
    const edited = message.edit_date ? this.say("edited") : "";
    const clock = this.shapes.time.format(at);
    const plain = text ? "" : message.photo ? " bare" : message.sticker ? " sticker" : "";
    const bubble = make("div", {className: "bubble" + plain, ...(text && {dir: "auto"})});
    if (message.forward_origin) bubble.append(make("span", {className: "from", dir: this.node.dir, textContent: this.say("forwarded")}));
    if (message.reply_to_message) bubble.append(make("button", {type: "button", className: "re", dir: "auto", tabIndex: -1, textContent: gist(message.reply_to_message, this), "data-to": message.reply_to_message.message_id}));
    bubble.append(...this.carried(message));
    if (text) bubble.append(make("div", {className: "words"}, rich(text, message.entities ?? message.caption_entities, this)));
    const last = bubble.lastElementChild;
    if (last?.matches(".words")) last.dataset.at = `${edited} ${clock}`; // makes room for the time beside the last line
    if (message.reactions?.length) bubble.append(make("div", {className: "reactions"}, ...message.reactions.map(each => this.reaction(each))));
    bubble.append(make("div", {className: "meta"}, ...(edited ? [make("span", {textContent: edited})] : []), make("time", {dateTime: at.toISOString(), dir: this.node.dir, textContent: clock})));
    const node = make("article", {className: own ? "msg own" : "msg", tabIndex: -1, "data-id": message.message_id}, bubble);
    const keys = message.reply_markup?.inline_keyboard;
    if (keys) node.append(make("div", {className: "keys"}, ...keys.map((line, row) => make("div", {}, ...line.map((key, column) => this.key(key, row, column))))));
    return node;
  }

  reaction({emoji, from}) {
    const whose = phones.get(from)?.person.first_name ?? this.botName;
    return make("button", {type: "button", textContent: emoji, tabIndex: -1, "data-emoji": emoji, "aria-label": `${emoji} ${whose}`, "aria-pressed": String(from === this.person.id)});
  }

  key(key, row, column) {
    const node = make("button", {type: "button", textContent: key.text, className: key.style ?? "", dir: "auto", tabIndex: -1, "data-row": row, "data-column": column});
    if (key.copy_text) node.dataset.copy = key.copy_text.text;
    if (key.url) node.dataset.link = key.url;
    return node;
  }

  /** What a message carries besides words. */
  carried(message) {
    const said = (...parts) => make("div", {className: "words"}, ...parts);
    const told = (sign, key, more) => said(`${sign} ${this.say(key)} · ${more}`);
    if (message.photo) return [this.shot(message)];
    if (message.voice ?? message.audio) return [this.voice(message.voice ?? message.audio)];
    if (message.document) return [said(make("a", {href: fileOf(message.document), tabIndex: -1, download: message.document.file_name ?? "file", textContent: "📄 " + (message.document.file_name ?? this.say("document"))}))];
    if (message.sticker) return [make("div", {className: "big", textContent: message.sticker.emoji ?? "🙂", role: "img", "aria-label": this.say("sticker")})];
    if (message.video_note) return [told("🎥", "video", `0:0${message.video_note.duration}`)];
    if (message.location) return [told("📍", "location", `${message.location.latitude.toFixed(2)}, ${message.location.longitude.toFixed(2)}`)];
    if (message.contact) return [told("👤", "contact", message.contact.first_name)];
    return [];
  }

  /** A picture; its size is known before it is loaded, so that nothing jumps. */
  shot(message) {
    const {width, height, ...size} = message.photo.at(-1);
    const label = `${this.say("enlarge")}: ${message.caption ?? this.say("photo")}`.slice(0, 120);
    return make("button", {type: "button", className: "shot", tabIndex: -1, "aria-label": label}, make("img", {src: fileOf(size), alt: "", width, height}));
  }

  voice(voice) {
    const high = n => 4 + Math.abs(Math.sin(n * 1.7) * Math.cos(n * .6)) * 20;
    const bars = Array.from({length: 22}, (_, n) => `<rect x="${n * 5}" y="${13 - high(n) / 2}" width="3" height="${high(n)}" rx="1.5"/>`).join("");
    const wave = `viewBox="0 0 110 26" aria-hidden="true">${bars}</svg>`;
    const node = make("button", {type: "button", className: "voice", "data-src": fileOf(voice), tabIndex: -1, "aria-pressed": "false", "aria-label": `${this.say("voice")}, ${voice.duration} s`});
    node.innerHTML = `<b aria-hidden="true"></b><i><svg class="heard" ${wave}<svg ${wave}</i><span aria-hidden="true">0:${String(voice.duration).padStart(2, "0")}</span>`;
    return node;
  }
}

// ---- sound

const player = new Audio();
let heard = null;

/** One voice note sounds at a time; pressing it again pauses it. */
function listenTo(node) {
  if (heard === node && !player.paused) { player.pause(); return; }
  if (heard !== node) {
    if (heard) { player.pause(); heard.style.removeProperty("--at"); }
    heard = node;
    player.src = node.dataset.src;
  }
  player.play().catch(() => {}); // a machine without sound: the button simply stays
}
for (const kind of ["play", "pause", "ended"]) player.addEventListener(kind, () => heard?.setAttribute("aria-pressed", String(!player.paused)));
player.addEventListener("timeupdate", () => heard?.style.setProperty("--at", `${player.ended ? 0 : (100 * player.currentTime) / player.duration || 0}%`));

// ---- menus and dialogs

const corner = node => { const {left, bottom} = node.getBoundingClientRect(); return [left, bottom + 4]; };

/** A menu beside *box*; when it closes, focus returns to *from*. */
function popUp(items, box, from, tongue = from.closest(".phone")) {
  const pop = $("#pop");
  Object.assign(pop, {from, dir: tongue.dir, lang: tongue.lang});
  pop.replaceChildren(...items);
  for (const item of pop.querySelectorAll("button")) item.setAttribute("role", item.hasAttribute("aria-checked") ? "menuitemcheckbox" : "menuitem");
  pop.showPopover();
  const {width, height} = pop.getBoundingClientRect();
  const below = box.bottom + height + 8 < innerHeight;
  pop.style.left = `${Math.max(8, Math.min(box.left, innerWidth - width - 8))}px`;
  pop.style.top = `${Math.max(8, below ? box.bottom + 4 : box.top - height - 4)}px`;
  pop.querySelector("button").focus();
}

/** Keys move along *items*. */
function arrows(event, items, keys = {ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1}) {
  const step = keys[event.key];
  if (!step) return;
  event.preventDefault();
  const list = [...items];
  list[(list.indexOf(document.activeElement) + step + list.length) % list.length]?.focus();
}

function dialog(title, ...content) {
  const box = $("#dialog");
  box.className = "";
  box.setAttribute("aria-labelledby", "dialog-title");
  box.replaceChildren(make("h2", {id: "dialog-title", textContent: title, dir: "auto"}), ...content, make("div", {className: "row"}, button(say("close"), () => box.close())));
  if (!box.open) box.showModal();
  return box;
}

function enlarge(message, phone) {
  const {width, height, ...size} = message.photo.at(-1);
  const box = dialog(say("photo"), make("img", {src: fileOf(size), alt: message.caption ?? say("photo"), width, height}));
  box.classList.add("wide");
  if (!invitationIn(message)) return;
  const others = cast().filter(each => each !== phone);
  box.lastElementChild.prepend(...others.map(each => button(say("scanWith", {name: each.person.first_name}), () => { box.close(); each.scan(message); }, {className: "primary"})));
}

/** The newest invitation that any other phone shows, best one with a picture. */
function newestInvitation(phone) {
  const shown = cast().filter(each => each !== phone).flatMap(each => [...each.messages.values()]).filter(invitationIn);
  return shown.sort((a, b) => a.message_id - b.message_id).findLast(each => each.photo) ?? shown.at(-1);
}

/** Ask on which phone an invitation is opened; the others come first. */
function follow(code, from) {
  const list = [...cast().filter(phone => phone !== from), from];
  dialog(say("which"), make("div", {className: "list"}, ...list.map((phone, n) => button(phone.title, () => { $("#dialog").close(); phone.open(code); }, n ? {} : {className: "primary"}))));
}

function addPerson() {
  const field = (key, input) => make("label", {}, say(key), input);
  const option = (value, text) => make("option", {value, textContent: text});
  const name = make("input", {required: true, maxLength: 64, name: "name", autocomplete: "off"});
  const place = make("select", {name: "place"}, ...PLACES.map(([label], n) => option(n, label)), option("", say("elsewhere")));
  const zone = make("select", {name: "zone"}, ...Intl.supportedValuesOf("timeZone").map(each => option(each, each.replaceAll("_", " "))));
  const country = make("select", {name: "country"}, ...countries().map(([code, label]) => option(code, label)));
  const tongue = make("select", {name: "tongue"}, ...TONGUES.map(code => option(code, named([language], "language", code))));
  const elsewhere = make("div", {hidden: true}, field("country", country), field("zone", zone));
  place.onchange = () => { elsewhere.hidden = place.value !== ""; };
  const form = make("form", {id: "person"}, field("name", name), field("where", place), elsewhere, field("tongue", tongue));
  form.onsubmit = async event => {
    event.preventDefault();
    const [label, there, code] = PLACES[place.value] ?? [zone.value.split("/").at(-1).replaceAll("_", " "), zone.value, country.value];
    $("#dialog").close();
    const first_name = name.value.trim();
    const told = await tryTo("people", {first_name, language_code: tongue.value, zone: there, country: code, title: `${first_name} · ${label}`});
    if (!told) return;
    const phone = person(told);
    await phone.catchUp();
    front(phone);
    phone.node.scrollIntoView({inline: "end"});
    phone.find(".gate").focus();
  };
  dialog(say("add"), form).lastElementChild.prepend(make("button", {textContent: say("save"), className: "primary", type: "submit", form: "person"}));
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
  for (const phone of cast()) phone.toEnd(); // what comes while it turns is seen coming
  $(".clock").setAttribute("aria-busy", "true");
  for (const each of all("[data-turn]")) each.setAttribute("aria-disabled", "true");
  const told = await ask("clock", TURNS[how]).catch(error => { toast(/no prompt is due/.test(error.message) ? say("none") : error instanceof TypeError ? say("offline") : error.message); });
  turning = false;
  $(".clock").removeAttribute("aria-busy");
  for (const each of all("[data-turn]")) each.removeAttribute("aria-disabled");
  if (told) Tour.saw("turned");
}

// ---- behind the scenes

const shown = () => !$("#panel").hidden;
const waiting = () => rows.filter(row => row.state === "sending" || (row.state === "waiting" && new Date(row.due_at) <= now())).length;

function showBot() {
  const counts = {u: pending, d: waiting()};
  $("#pulse").classList.toggle("off", !online);
  $("#pulse span").textContent = say(online ? "here" : "away");
  $("#bot-state").textContent = online && !counts.u && !counts.d ? say("running") : say(online ? "waits" : "ended", counts);
}

function showFaults() {
  for (const each of all("[data-fault]")) each.setAttribute("aria-pressed", String(faults.some(fault => fault.kind === each.dataset.fault)));
  for (const phone of cast().filter(each => each.person.started)) {
    if (!phone.blocker) $("#faults").append(phone.blocker = button("", () => phone.block(), {"data-block": phone.person.id}));
    phone.blocker.textContent = say("blocks", {name: phone.person.first_name});
    phone.blocker.setAttribute("aria-pressed", String(phone.person.blocked));
  }
  $("#fault-state").textContent = faults.map(({kind, times}) => `${$(`[data-fault=${kind}]`)?.textContent ?? kind} · ${times === null ? say("untilOff") : say("left", {n: times})}`).join("; ");
}

function switchFault(kind) {
  if (faults.some(each => each.kind === kind)) tryTo(`faults?kind=${kind}`, undefined, "DELETE");
  else tryTo("faults", {kind, ...FAULTS[kind]});
}

function noted(call) {
  lookSoon();
  calls.push(call);
  if (calls.length > CALLS) calls.shift();
  if (!shown()) return;
  $("#calls").prepend(callLine(call));
  while ($("#calls").children.length > CALLS) $("#calls").lastChild.remove();
}

function callLine({method, params, ok, error, result}) {
  const whom = phones.get(Number(params?.chat_id))?.person.first_name ?? "";
  const line = make("details", {className: ok ? "" : "bad"}, make("summary", {}, make("b", {textContent: method}), make("span", {textContent: whom}), make("em", {textContent: ok ? "ok" : error.error_code})));
  line.ontoggle = () => {
    if (line.children.length > 1) return;
    line.append(make("pre", {textContent: `${say("asked")}: ${JSON.stringify(params, null, 1)}\n\n${say("answered")}: ${JSON.stringify(ok ? result : error, null, 1)}`}));
  };
  return line;
}

async function lookBehind() {
  if (!shown() && Tour.step === null) return;
  try {
    const [told, state] = await Promise.all([ask("deliveries"), ask("state")]);
    [rows, pending] = [told, state.bot.pending];
    if (shown()) faults = await ask("faults");
  } catch { return; } // not there yet, or gone for a moment: looked for again soon
  Tour.aim();
  if (!shown()) return;
  showBot();
  showFaults();
  const table = $("#deliveries");
  if (table.told === JSON.stringify(rows)) return; // what somebody is reading stays
  table.told = JSON.stringify(rows);
  table.replaceChildren(...rows.map(({person: name, kind, state, due_at: due, reason}) => {
    const whose = cast().find(each => each.person.first_name === name);
    const at = whose ? whose.shapes.short.format(new Date(due)) : due.slice(5, 16).replace("T", " ");
    return make("tr", {}, make("td", {textContent: name, dir: "auto"}), make("td", {textContent: kind}), make("td", {}, make("span", {className: `state ${state}`, textContent: state, title: reason ?? ""})), make("td", {textContent: at}));
  }));
}

let looking = 0;

/** Something happened: see soon what came of it. */
function lookSoon() {
  clearTimeout(looking);
  looking = setTimeout(lookBehind, 200);
}

async function togglePanel(open = !shown()) {
  $("#panel").hidden = !open;
  $("#behind").setAttribute("aria-expanded", String(open));
  if (!open) { $("#behind").focus(); return; }
  $("#calls").replaceChildren(...calls.map(callLine).reverse());
  $("#panel-title").scrollIntoView({block: "nearest"});
  await lookBehind();
}

async function command(action, from) {
  from.setAttribute("aria-disabled", "true");
  const told = await tryTo("bot", {action});
  from.removeAttribute("aria-disabled");
  if (told) { online = told.running; await lookBehind(); }
}

// ---- the tour: it points, it notices what was done, and it can do a step itself

const phoneOf = node => cast().find(phone => phone.node.contains(node ?? null));
const keysOn = phone => [...phone?.lines.querySelectorAll(".keys") ?? []].at(-1)?.querySelector("button");
const newestKeys = () => cast().map(keysOn).filter(Boolean).sort((a, b) => idOf(a.closest(".msg")) - idOf(b.closest(".msg"))).at(-1);
const linkOn = phone => [...phone?.lines.querySelectorAll("[data-link], [data-copy]") ?? []].findLast(each => invitation(each.dataset.copy ?? each.dataset.link));
const wrote = (phone, start) => [...phone?.messages.values() ?? []].some(each => !each.from?.is_bot && each.text?.startsWith(start));
const raised = (...kinds) => rows.some(row => row.id > Tour.mark && kinds.includes(row.kind));

const STEPS = [
  {at: a => a.find(".gate"), done: a => a.person.started},
  {at: a => keysOn(a), done: () => raised("first")},
  {at: a => (wrote(a, "/pair") ? keysOn(a) : a.text), words: () => "/pair", done: a => Boolean(linkOn(a))},
  {at: a => linkOn(a), done: (_, b) => wrote(b, "/start ")},
  {at: (_, b) => keysOn(b), done: () => raised("paired")},
  {at: () => $("[data-turn=next]"), done: () => Tour.seen.turned},
  {at: () => (Tour.seen.said ? newestKeys() : phoneOf(newestKeys())?.text), words: phone => phone.say("sample"), done: () => raised("share")},
  {at: a => (wrote(a, "/reset") ? newestKeys() : a.text), words: () => "/reset", done: () => raised("ready", "tonight", "time")},
  {at: () => $("[data-turn=sunday]"), done: () => Tour.seen.turned},
  {at: () => $("#behind"), done: shown},
];

const Tour = {
  step: null,
  seen: {},
  mark: 0, // the newest delivery when the step began
  target: null,

  show(step) {
    if (step !== Tour.step) Object.assign(Tour, {seen: {}, mark: rows[0]?.id ?? 0, step});
    const names = Object.fromEntries(["a", "b"].map((key, n) => [key, cast()[n]?.person.first_name ?? "…"]));
    const [title, text] = SAY[language].steps[step].map(words => words.replace(/\{([ab])\}/g, (_, who) => names[who]));
    $("#guide .dots").replaceChildren(...STEPS.map((_, n) => make("i", {className: n <= step ? "past" : ""})));
    $("#guide h2").textContent = title;
    $("#guide p").textContent = text;
    $("[data-tour=next]").textContent = say(step + 1 === STEPS.length ? "done" : "step");
    $("#guide").hidden = false;
    lookBehind().then(Tour.aim);
  },

  next() { if (Tour.step + 1 < STEPS.length) Tour.show(Tour.step + 1); else Tour.end(); },

  end() {
    Tour.step = null;
    $("#guide").hidden = true;
    Tour.point(null);
    store("toured", "yes");
    $("#tour").focus();
  },

  saw(what) { Tour.seen[what] = true; lookSoon(); },

  /** Do what the step asks for. */
  act() {
    const target = Tour.aim();
    const phone = phoneOf(target);
    if (phone) front(phone);
    if (target?.tagName === "TEXTAREA") phone.send(STEPS[Tour.step].words(phone));
    else target?.click();
    if ($("#dialog").open) setTimeout(() => $("#dialog .list button")?.click(), 900); // the link asks where to open it
  },

  /** Point at what is to be pressed, and go on when it was. Returns it. */
  aim() {
    if (Tour.step === null || cast().length < 2) return null;
    const {at, done} = STEPS[Tour.step];
    if (done(...cast())) { if (Tour.step + 1 < STEPS.length) Tour.show(Tour.step + 1); else Tour.point(null); return null; }
    const target = at(...cast()) ?? null;
    const phone = phoneOf(target);
    Tour.point(phone && !phone.node.checkVisibility() ? phone.tab : target);
    return target;
  },

  point(node) {
    if (node === Tour.target && (!node || node.classList.contains("aimed"))) return;
    Tour.target?.classList.remove("aimed");
    Tour.target = node;
    node?.classList.add("aimed");
    node?.scrollIntoView({block: "nearest", inline: "nearest"});
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
  phone.tab.scrollIntoView({block: "nearest", inline: "nearest"});
}

function person(data) {
  const known = phones.get(data.id);
  if (known) { known.know(data); if (shown()) showFaults(); return known; }
  const phone = new Phone(data);
  phones.set(data.id, phone);
  if (phones.size === 1) front(phone); else phone.tab.setAttribute("aria-selected", "false");
  if (ready) phone.draw();
  return phone;
}

/** Look at everything; what is known is only brought up to date. */
async function sync() {
  const state = await ask("state");
  const anew = state.seq < seq || !ready; // another sandbox, or the first look
  offset = state.clock.offset_ms;
  ({online, pending} = state.bot);
  await Promise.all(state.people.map(async data => {
    const phone = person(data);
    if (anew || !phone.seq) phone.fill(await ask(`people/${data.id}/chat`)); else await phone.catchUp();
  }));
  if (!calls.length) calls.push(...(await ask(`journal?last=${CALLS}`)).calls);
  faults = await ask("faults");
  seq = state.seq;
  ready = true;
  showBot();
  showFaults();
}

const EVENTS = {
  message: ({chat_id: id, data}) => phones.get(id)?.show(data),
  edited: ({chat_id: id, data}) => phones.get(id)?.show(data),
  deleted: ({chat_id: id, data}) => phones.get(id)?.drop(data.message_id),
  reaction: ({chat_id: id, data}) => phones.get(id)?.show(data),
  toast: ({chat_id: id, data}) => phones.get(id)?.told(data),
  typing: ({chat_id: id}) => phones.get(id)?.types(true),
  clock: ({data}) => { offset = data.offset_ms; for (const phone of cast()) phone.tick(); },
  person: ({data}) => person(data),
  bot: ({data}) => { ({online, pending} = data); showBot(); if (online) catchUpSoon(); },
  call: ({data}) => { noted(data); if (/^(set|delete)My/.test(data.method)) catchUpSoon(); },
  fault: ({data}) => { faults = data ?? []; showFaults(); },
  resync: () => sync().catch(() => {}), // gone again: listening fails too, and looks once more
};

let catching = 0;

/** The bot came back, or changed its commands or description: look once when it is done. */
function catchUpSoon() {
  clearTimeout(catching);
  catching = setTimeout(() => { for (const phone of cast()) phone.catchUp().catch(() => {}); }, 400);
}

/** Hear what happens; after a break, come back ever more slowly and look at what was missed. */
function listen(pause = 500) {
  const source = new EventSource(`/sim/events?after=${seq}`);
  source.onopen = () => { pause = 500; showBot(); };
  source.onmessage = event => {
    const told = JSON.parse(event.data);
    if (told.type !== "resync") seq = Math.max(seq, told.seq);
    EVENTS[told.type]?.(told);
  };
  source.onerror = () => {
    source.close();
    $("#pulse").classList.add("off");
    $("#pulse span").textContent = say("lost");
    setTimeout(async () => {
      await sync().catch(() => {}); // not back yet: listening fails too, and comes here again
      listen(Math.min(pause * 1.7, 8000));
    }, pause);
  };
}

function bindPage() {
  const root = document.documentElement;
  $("#lang").value = language;
  if (store("theme")) root.dataset.theme = store("theme");
  $("#lang").onchange = event => { language = event.target.value; store("lang", language); translate(); };
  $("#theme").onclick = () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = store("theme", dark ? "light" : "dark");
  };
  $("#add").onclick = addPerson;
  $("#tour").onclick = () => { Tour.show(0); $("[data-tour=act]").focus(); };
  for (const each of all("[data-tour]")) each.onclick = () => Tour[each.dataset.tour]();
  $("#behind").onclick = $("#pulse").onclick = () => togglePanel();
  $("[data-close=panel]").onclick = () => togglePanel(false);
  $("#dialog").onclick = event => { if (event.target === $("#dialog")) $("#dialog").close(); };
  const pop = $("#pop");
  pop.onclick = event => { if (event.target.closest("button")) pop.hidePopover(); };
  pop.onkeydown = event => { if (event.key === "Tab") pop.hidePopover(); else arrows(event, pop.querySelectorAll("button")); };
  pop.addEventListener("beforetoggle", event => {
    const open = event.newState === "open";
    if (pop.from?.matches("button")) pop.from.setAttribute("aria-expanded", String(open));
    if (!open && pop.contains(document.activeElement)) pop.from?.focus();
  });
  $("#guide").onkeydown = event => { if (event.key === "Escape") Tour.end(); };
  $("#panel").onkeydown = event => { if (event.key === "Escape") togglePanel(false); };
  $("#tabs").onkeydown = event => { arrows(event, all("#tabs button")); if (/^Arrow/.test(event.key)) document.activeElement.click(); };
  for (const each of all("[data-turn]")) each.onclick = () => turn(each.dataset.turn);
  for (const each of all("[data-bot]")) each.onclick = () => command(each.dataset.bot, each);
  for (const each of all("[data-fault]")) each.onclick = () => switchFault(each.dataset.fault);
  addEventListener("resize", () => Tour.aim());
}

async function begin() {
  bindPage();
  translate();
  await sync();
  listen();
  setInterval(() => { for (const phone of cast()) phone.tick(); }, 5000);
  setInterval(lookBehind, 1000);
  if (!store("toured")) Tour.show(0);
}

begin().catch(() => { toast(say("offline")); setTimeout(() => location.reload(), 4000); });

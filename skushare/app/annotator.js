// One picture with its boxes: zooms and pans, and lets boxes be added, moved, sized and deleted.
//
// A box is [left, top, right, bottom, class id, score] in pixels of the picture and is known by these
// numbers. Each change is sent at once; until the server says that it is saved, it is drawn on top of
// what the server sent. So are undo and redo, which the server alone knows how to draw.

const MAX_ZOOM = 40;
const MIN_SIDE = 2; // pixels of the picture
const COARSE = matchMedia("(pointer: coarse)").matches;
const REACH = COARSE ? 18 : 9; // screen pixels around a handle that still grab it
const HANDLE = COARSE ? 13 : 9;
const MOST_LISTED = 200; // classes
const MOST_USED = 5;
const FEW = 8; // classes that a finger chooses without a keyboard
const PATIENCE = 10_000; // milliseconds after which what is not known to be saved is first sent again
const IDLE = COARSE
  ? "Tap a box to change it; two fingers zoom."
  : "Click a box to change it, or N and P go from box to box. Ctrl + wheel zooms, drag moves the picture.";
const ADDING = COARSE
  ? "Drag from one corner of the product to the other."
  : "Drag from one corner of the product to the other, or Enter adds a box of the usual size.";

export default function ({ data, parentElement, setStateValue }) {
  parentElement.annotator ??= new Annotator(parentElement);
  parentElement.annotator.update(data, setStateValue);
  return parentElement.annotator.end;
}

class Annotator {
  constructor(root) {
    const find = (selector) => root.querySelector(selector);
    [this.stage, this.sheet, this.image, this.svg] = [".stage", ".sheet", "img", "svg"].map(find);
    this.status = find(".status");
    this.classes = new ClassField(find(".class"), (chosen) => {
      this.stage.focus({ preventScroll: true });
      this.settle();
      if (chosen && this.selected) this.commit(this.selected, this.withClass(this.selected));
    });
    this.tools = Object.fromEntries([...root.querySelectorAll("[data-do]")].map((b) => [b.dataset.do, b]));
    this.pointers = new Map();
    this.data = {};

    const actions = {
      add: () => {
        this.setAdding(!this.adding);
        this.stage.focus({ preventScroll: true }); // for Enter
      },
      delete: () => {
        this.settle();
        if (this.selected) this.commit(this.selected, null);
      },
      in: () => this.zoom(1.5),
      out: () => this.zoom(1 / 1.5),
      fit: () => this.fit(),
      hide: () => this.setHidden(!this.hidden),
    };
    for (const [name, action] of Object.entries(actions)) this.tools[name].onclick = action;
    const on = (event, handler) => this.stage.addEventListener(event, handler.bind(this), { passive: false });
    on("pointerdown", this.press);
    on("pointermove", this.drag);
    on("pointerup", this.release);
    on("pointercancel", this.cancel);
    on("wheel", this.wheel);
    on("dblclick", (event) => this.zoom(2, event));
    on("keydown", this.key);
    on("blur", this.settle); // what is clicked next may take the picture away
    const leave = (event) => {
      this.settle();
      if (this.changes.length && root.isConnected) event.preventDefault(); // the browser asks
    };
    addEventListener("beforeunload", leave);
    // Streamlit also calls it where one update overtook another, and all goes on.
    this.end = () => root.isConnected || removeEventListener("beforeunload", leave);
    new ResizeObserver(() => this.resize()).observe(this.stage.parentElement);
  }

  update(data, setStateValue) {
    const old = this.data;
    const another = String(data.picture) !== String(old.picture);
    if (another) this.settle();
    this.data = data;
    this.setStateValue = setStateValue;
    if (another) {
      [this.batch, this.saved, this.changes] = [String(Math.random()), 0, []];
      this.selected = this.last = this.draft = this.gesture = null;
      this.pointers.clear();
      this.setAdding(false);
    }
    if (data.saved.batch === this.batch) {
      this.changes.splice(0, data.saved.count - this.saved);
      this.saved = data.saved.count;
    }
    if (data.session !== old.session) {
      // Another one, as after a restart of the server, saves nothing that was sent to the one before. A step
      // that was saved all the same must not undo one more.
      this.changes = this.changes.filter(({ step }) => !step);
      if (this.changes.length) this.send();
    }
    if (data.src !== old.src) this.image.src = data.src;
    if (JSON.stringify(data.labels) !== JSON.stringify(old.labels)) this.classes.fill(data);
    if (another) this.fit();
    this.draw();
  }

  // Boxes

  boxes() {
    const boxes = [...this.data.boxes];
    for (const { before, after } of this.changes) {
      const place = before ? boxes.findIndex((box) => same(box, before)) : boxes.length;
      if (place >= 0) boxes.splice(place, 1, ...(after ? [after] : []));
    }
    return boxes;
  }

  /** Commit what the arrow keys did; many presses are one change. */
  settle() {
    if (this.nudging) this.commit(this.selected, this.draft);
  }

  commit(before, after) {
    clearTimeout(this.nudging);
    this.nudging = this.draft = null;
    this.selected = after;
    this.last = after ?? before;
    if (!before) this.classes.remember();
    if (!(before && after && same(before, after))) {
      this.changes.push({ before, after });
      this.send();
    }
    this.draw();
  }

  /**
   * Send all that is not known to be saved, so that nothing is lost with a message or where two become one.
   * Each message has the server begin its run of the page anew, so the waits grow, else a slow run never ended.
   */
  send(wait = PATIENCE) {
    const { batch, saved, changes } = this;
    const { session, picture } = this.data;
    this.setStateValue("edits", { session, picture, batch, saved, changes: [...changes] });
    clearTimeout(this.waiting);
    const again = () => this.changes.length && this.stage.isConnected && this.send(2 * wait);
    this.waiting = setTimeout(again, wait);
  }

  withClass(box) {
    return [...box.slice(0, 4), this.classes.id, byHand(box[5])];
  }

  /** The smallest box at a point, as the one that a larger box around it must not hide. */
  boxAt([x, y]) {
    const slack = (COARSE ? 8 : 3) / this.view.scale;
    const near = ([l, t, r, b]) => x > l - slack && x < r + slack && y > t - slack && y < b + slack;
    const size = ([l, t, r, b]) => (r - l) * (b - t);
    return this.boxes().filter(near).sort((a, b) => size(a) - size(b))[0] ?? null;
  }

  /** `boxes` in the order of reading; those within half a usual box's height are of one row. */
  inOrder(boxes) {
    const [, high] = usualSize(boxes);
    const rows = [];
    for (const box of boxes.sort((a, b) => a[1] + a[3] - b[1] - b[3])) {
      const first = rows.at(-1)?.[0];
      if (first && box[1] + box[3] - first[1] - first[3] < high) rows.at(-1).push(box);
      else rows.push([box]);
    }
    return rows.flatMap((row) => row.sort((a, b) => a[0] - b[0]));
  }

  /** Choose the next box, or the one before, and have it seen; from the last one on, even if that is gone. */
  walk(step) {
    this.settle();
    const boxes = this.boxes();
    const { last } = this;
    const gone = last && !boxes.some((box) => same(box, last));
    const order = this.inOrder(gone ? [...boxes, last] : boxes);
    const place = last ? order.findIndex((box) => same(box, last)) : step > 0 ? -1 : 0;
    this.setAdding(false);
    const next = order[(place + step + order.length) % order.length];
    this.select(gone && next === last ? null : (next ?? null));
    this.show(this.selected);
  }

  /** Add a box of the usual size in the middle of what is seen, to be moved by the arrow keys. */
  addInTheMiddle() {
    const { left, top, width, height } = this.stage.getBoundingClientRect();
    const [x, y] = this.at({ clientX: left + width / 2, clientY: top + height / 2 });
    const usual = usualSize(this.boxes());
    const [wide, high] = usual[0] ? usual : [this.data.width / 10, this.data.height / 10];
    const box = this.shift([x - wide / 2, y - high / 2, x + wide / 2, y + high / 2]);
    this.setAdding(false);
    this.commit(null, this.withClass(box));
  }

  handles() {
    if (!this.selected) return [];
    const [l, t, r, b] = this.draft ?? this.selected;
    const wide = (r - l) * this.view.scale > 4 * HANDLE;
    const high = (b - t) * this.view.scale > 4 * HANDLE;
    const places = [[0, 0], [1, 0], [1, 1], [0, 1]];
    if (wide) places.push([0.5, 0], [0.5, 1]);
    if (high) places.push([0, 0.5], [1, 0.5]);
    return places.map(([u, v]) => ({ u, v, x: l + u * (r - l), y: t + v * (b - t) }));
  }

  /** The nearest handle that a point grabs; inside of a small box enough is left to move it by. */
  handleAt([x, y], inside) {
    const far = (handle) => Math.hypot(handle.x - x, handle.y - y) * this.view.scale;
    const handle = this.handles().sort((a, b) => far(a) - far(b))[0];
    if (!handle) return null;
    const [l, t, r, b] = this.selected;
    const reach = inside ? Math.min(REACH, (Math.min(r - l, b - t) * this.view.scale) / 3) : REACH;
    return far(handle) < reach ? handle : null;
  }

  // Pointer and keys

  press(event) {
    if (event.button > 0) return;
    event.preventDefault();
    this.settle();
    this.stage.focus({ preventScroll: true });
    this.stage.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, event);
    if (this.pointers.size === 2) {
      this.draft = null;
      this.gesture = { kind: "pinch", ...this.spread(), view: { ...this.view } };
      return;
    }
    const at = this.at(event);
    const inside = this.selected && contains(this.selected, at);
    const handle = this.handleAt(at, inside);
    if (this.adding) this.gesture = { kind: "draw", at };
    else if (handle) this.gesture = { kind: "size", at, handle };
    else if (inside) this.gesture = { kind: "move", at };
    else this.gesture = { kind: "pan", view: { ...this.view } };
    this.gesture.event = event;
  }

  drag(event) {
    if (!this.pointers.has(event.pointerId) || !this.gesture) return;
    this.pointers.set(event.pointerId, event);
    const { kind, at, handle, view, event: start } = this.gesture;
    if (kind === "pinch") {
      const { distance, x, y } = this.spread();
      this.view = { ...view };
      this.zoom(distance / this.gesture.distance, this.gesture);
      this.view.x += x - this.gesture.x;
      this.view.y += y - this.gesture.y;
      return this.place();
    }
    const travel = Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY);
    if (!this.gesture.moved && travel < 4) return;
    this.gesture.moved = true;
    const [x, y] = this.at(event);
    if (kind === "pan") {
      this.view = { ...view, x: view.x + event.clientX - start.clientX, y: view.y + event.clientY - start.clientY };
      return this.place();
    }
    if (kind === "draw") this.draft = this.withClass(this.tidy([at[0], at[1], x, y]));
    else {
      const [l, t, r, b] = this.selected;
      const [dx, dy] = [x - at[0], y - at[1]];
      let moved = [l + dx, t + dy, r + dx, b + dy];
      if (kind === "size") {
        const { u, v } = handle;
        moved = [u === 0 ? l + dx : l, v === 0 ? t + dy : t, u === 1 ? r + dx : r, v === 1 ? b + dy : b];
      }
      const tidied = kind === "move" ? this.shift(moved) : this.tidy(moved);
      this.draft = [...tidied, this.selected[4], byHand(this.selected[5])];
    }
    this.draw();
  }

  release(event) {
    const gesture = this.gesture;
    this.cancel(event, this.draft);
    if (!gesture || gesture.kind === "pinch") return;
    if (!gesture.moved) {
      if (!this.adding) this.select(this.boxAt(this.at(event)));
    } else if (this.draft) {
      const [l, t, r, b] = this.draft;
      const large = r - l >= MIN_SIDE && b - t >= MIN_SIDE;
      if (large) this.commit(gesture.kind === "draw" ? null : this.selected, this.draft);
      else this.draft = null;
      if (gesture.kind === "draw" && large) this.setAdding(false);
    }
    this.draw();
  }

  cancel(event, draft = null) {
    this.pointers.delete(event.pointerId);
    this.gesture = null;
    this.draft = draft;
    this.draw();
  }

  wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY / 200), event);
  }

  key(event) {
    const step = event.shiftKey ? 10 : 1;
    const nudges = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    const keys = {
      Delete: () => this.tools.delete.click(),
      Backspace: () => this.tools.delete.click(),
      Escape: () => {
        if (this.gesture) this.gesture = this.draft = null; // what is being dragged stays as it was
        else if (this.adding) this.setAdding(false);
        else this.select(null);
        this.draw();
      },
      "+": () => this.zoom(1.5),
      "=": () => this.zoom(1.5), // the same key without Shift
      "-": () => this.zoom(1 / 1.5),
      0: () => this.fit(),
      a: () => this.tools.add.click(),
      c: () => this.classes.input.focus(),
      h: () => this.setHidden(!this.hidden),
      n: () => this.walk(1),
      p: () => this.walk(-1),
    };
    if (this.adding) keys.Enter = () => this.addInTheMiddle();
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key; // whatever Caps Lock is
    const command = event.ctrlKey || event.metaKey;
    if (command && key === "z" && this.nudging) {
      clearTimeout(this.nudging);
      this.nudging = this.draft = null;
      this.draw();
    } else if (command && key === "z" && this.data.undoes) {
      // Among the changes: of two presses of a button that wait together, Streamlit makes one.
      this.changes.push({ step: event.shiftKey ? "redo" : "undo" });
      this.send();
      this.draw();
    } else if (command || event.altKey || (event.shiftKey && /^[a-z]$/.test(key))) {
      return;
    } else if (nudges[event.key] && this.selected) {
      const [dx, dy] = nudges[event.key];
      const [l, t, r, b, id, score] = this.draft ?? this.selected;
      this.draft = [...this.shift([l + dx, t + dy, r + dx, b + dy]), id, byHand(score)];
      clearTimeout(this.nudging);
      this.nudging = setTimeout(() => this.settle(), 700);
      this.draw();
    } else if (keys[key]) keys[key]();
    else return;
    event.preventDefault();
    event.stopPropagation(); // Streamlit has keys of its own
  }

  select(box) {
    this.settle();
    this.selected = box;
    if (box) {
      this.last = box;
      this.classes.id = box[4];
      this.setHidden(false);
    }
    this.draw();
  }

  setAdding(adding) {
    this.settle();
    this.adding = adding;
    if (adding) {
      this.selected = null;
      this.setHidden(false);
    }
    this.tools.add.setAttribute("aria-pressed", adding);
    this.stage.classList.toggle("adding", adding);
    this.draw();
  }

  setHidden(hidden) {
    this.hidden = hidden;
    this.tools.hide.setAttribute("aria-pressed", hidden);
    this.svg.style.visibility = hidden ? "hidden" : "";
  }

  // Geometry

  /** Where an event is, in pixels of the picture. */
  at({ clientX, clientY }) {
    const { left, top } = this.stage.getBoundingClientRect();
    return [(clientX - left - this.view.x) / this.view.scale, (clientY - top - this.view.y) / this.view.scale];
  }

  spread() {
    const [a, b] = [...this.pointers.values()];
    const [x, y] = [(a.clientX + b.clientX) / 2, (a.clientY + b.clientY) / 2];
    return { distance: Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY) || 1, x, y, clientX: x, clientY: y };
  }

  /** Corners in order, inside of the picture, in tenths of a pixel, as the server stores them. */
  tidy([x1, y1, x2, y2]) {
    const { width, height } = this.data;
    const limit = (value, most) => tenths(Math.min(Math.max(value, 0), most));
    const xs = [limit(x1, width), limit(x2, width)].sort((a, b) => a - b);
    const ys = [limit(y1, height), limit(y2, height)].sort((a, b) => a - b);
    return [xs[0], ys[0], xs[1], ys[1]];
  }

  /** A moved box, pushed back into the picture at its size. */
  shift([l, t, r, b]) {
    const { width, height } = this.data;
    const dx = Math.max(0, -l) - Math.max(0, r - width);
    const dy = Math.max(0, -t) - Math.max(0, b - height);
    return this.tidy([l + dx, t + dy, r + dx, b + dy]);
  }

  // View

  resize() {
    if (!this.data.picture) return;
    if (!this.view || this.isFitted()) this.fit();
    else this.place();
  }

  isFitted() {
    return this.view.scale <= this.fitScale * 1.001;
  }

  fit() {
    const { width, height } = this.data;
    const room = this.stage.parentElement.clientWidth;
    if (!room) return; // not laid out yet
    const high = Math.max(240, Math.min((room * height) / width, 0.8 * window.innerHeight));
    this.stage.style.height = `${Math.round(high)}px`;
    this.fitScale = Math.min(room / width, high / height);
    this.view = { scale: this.fitScale, x: 0, y: 0 };
    this.place();
  }

  /** Zoom by a factor such that what is at the event, or in the middle, stays where it is. */
  zoom(factor, event) {
    const { left, top, width, height } = this.stage.getBoundingClientRect();
    const [x, y] = event ? [event.clientX - left, event.clientY - top] : [width / 2, height / 2];
    const scale = Math.min(Math.max(this.view.scale * factor, this.fitScale), MAX_ZOOM * this.fitScale);
    const ratio = scale / this.view.scale;
    this.view = { scale, x: x - (x - this.view.x) * ratio, y: y - (y - this.view.y) * ratio };
    this.place();
  }

  /** Move the picture until the middle of a box is in the middle, as far as it is not seen whole. */
  show(box) {
    if (!box || this.isFitted()) return;
    const { scale } = this.view;
    this.view.x = this.stage.clientWidth / 2 - (scale * (box[0] + box[2])) / 2;
    this.view.y = this.stage.clientHeight / 2 - (scale * (box[1] + box[3])) / 2;
    this.place();
  }

  /** Lay the sheet as the view says, without gaps that need not be. */
  place() {
    const limit = (offset, size, room) => (size <= room ? (room - size) / 2 : Math.min(0, Math.max(room - size, offset)));
    const { scale } = this.view;
    const [width, height] = [this.data.width * scale, this.data.height * scale];
    this.view.x = limit(this.view.x, width, this.stage.clientWidth);
    this.view.y = limit(this.view.y, height, this.stage.clientHeight);
    Object.assign(this.sheet.style, { width: `${width}px`, height: `${height}px` });
    this.sheet.style.transform = `translate(${this.view.x}px, ${this.view.y}px)`;
    this.tools.out.disabled = this.tools.fit.disabled = this.isFitted();
    this.draw();
  }

  draw() {
    if (!this.view) return;
    const { width, height, labels, colors, what } = this.data;
    const boxes = this.boxes();
    if (this.selected && !boxes.some((box) => same(box, this.selected))) {
      // What is being done to a box ends with it: committed without it, it would add one.
      clearTimeout(this.nudging);
      this.selected = this.nudging = this.draft = null;
      if (["move", "size"].includes(this.gesture?.kind)) this.gesture = null;
    }
    const plain = boxes.filter((box) => !this.selected || !same(box, this.selected));
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const shapes = [shape("path", { class: "rim", d: plain.map(outline).join("") })];
    const outlines = new Map();
    for (const box of plain) outlines.set(box[4], (outlines.get(box[4]) ?? "") + outline(box));
    for (const [id, d] of outlines) shapes.push(shape("path", { class: "line", stroke: colors[id], d }));
    const active = this.draft ?? this.selected;
    if (active) {
      shapes.push(shape("path", { class: "rim", d: outline(active) }));
      shapes.push(shape("path", { class: "active", stroke: colors[active[4]], d: outline(active) }));
    }
    const side = HANDLE / this.view.scale;
    for (const { x, y } of this.handles()) {
      shapes.push(shape("rect", { class: "handle", x: x - side / 2, y: y - side / 2, width: side, height: side }));
    }
    this.svg.replaceChildren(...shapes);
    this.tools.delete.disabled = !this.selected;
    this.classes.title.textContent = this.selected ? what : `${what} for new boxes`;
    // A finger scrolls the page as long as there is nothing else that it could mean.
    const free = this.isFitted() && !this.adding && !this.selected;
    this.stage.style.touchAction = free ? "pan-y" : "none";
    const count = `${boxes.length.toLocaleString("en")} ${boxes.length === 1 ? "box" : "boxes"}`;
    let text = this.adding ? ADDING : IDLE;
    if (active) {
      const [l, t, r, b, id, score] = active;
      text = `${labels[id]}, ${Math.round(r - l)} × ${Math.round(b - t)} pixels`;
      if (score < 1) text += score ? `, score ${score.toFixed(2)}` : ", to be ignored";
      text += ". Drag it, its corners or its sides";
      text += COARSE ? "." : "; arrow keys nudge, Delete deletes it.";
    }
    this.status.textContent = `${count}${this.changes.length ? ", saving" : ""}. ${text}`;
  }
}

/** The score of a box that was changed by hand: a region to be ignored (0) stays one. */
const byHand = (score) => (score === 0 ? 0 : 1);
/** A field to choose a class in by a part of its name; classes that were used last come first. */
class ClassField {
  /** `leave` is called with whether one was chosen. */
  constructor(root, leave) {
    [this.root, this.leave] = [root, leave];
    [this.input, this.list, this.title] = ["input", "ul", "label span"].map((part) => root.querySelector(part));
    this.used = globalThis.skushareClassesUsed ??= []; // names, by all pictures of this tab; the last one first
    this.labels = [];
    this.input.onfocus = () => {
      this.input.select();
      this.open("");
    };
    this.input.oninput = () => this.open(this.input.value);
    this.input.onblur = () => this.close();
    this.input.onkeydown = (event) => this.key(event);
    this.list.onpointerdown = (event) => event.preventDefault(); // the focus stays in the field
    this.list.onclick = ({ target }) => this.choose(target.closest("[role=option]"));
  }

  fill({ labels, colors }) {
    const before = this.labels[this.id] ?? this.used.find((label) => labels.includes(label));
    [this.labels, this.colors] = [labels, colors];
    this.id = Math.max(0, labels.indexOf(before));
    this.input.inputMode = COARSE && labels.length <= FEW ? "none" : "text";
    this.root.hidden = labels.length < 2;
    if (!this.list.hidden) this.open(this.text);
  }

  get id() {
    return this.chosen;
  }

  set id(id) {
    this.chosen = id;
    if (this.list.hidden) this.input.value = this.labels[id] ?? "";
  }

  remember() {
    const name = this.labels[this.id];
    const others = this.used.filter((each) => each !== name);
    this.used.splice(0, MOST_USED, name, ...others.slice(0, MOST_USED - 1));
  }

  /** List the classes whose names have all words of a text: those that begin with it first. */
  open(text) {
    this.text = text;
    const wanted = folded(text.trim());
    const misfit = (name) =>
      [name === wanted, name.startsWith(wanted), name.includes(` ${wanted}`), true].indexOf(true);
    const age = (label) => (this.used.includes(label) ? this.used.indexOf(label) : MOST_USED);
    const found = this.labels
      .map((label, id) => ({ label, id, name: folded(label) }))
      .filter(({ name }) => wanted.split(/\s+/).every((word) => name.includes(word)))
      .sort((a, b) => misfit(a.name) - misfit(b.name) || age(a.label) - age(b.label) || a.id - b.id);
    const items = found.slice(0, MOST_LISTED).map((each) => this.option(each));
    const rest = found.length - items.length;
    if (rest || !found.length) {
      const note = document.createElement("li");
      note.textContent = rest ? `${rest.toLocaleString("en")} more: type a part of the name` : "No name is like that";
      items.push(note);
    }
    this.list.replaceChildren(...items);
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", true);
    this.point(0);
  }

  option({ label, id }) {
    const item = document.createElement("li");
    Object.assign(item, { id: `class-${id}`, role: "option" });
    item.dataset.id = id;
    item.append(document.createElement("span"), label);
    item.firstChild.style.background = this.colors[id];
    return item;
  }

  /** Make the option at a place of the list the one that Enter chooses. */
  point(place) {
    this.options = [...this.list.querySelectorAll("[role=option]")];
    this.place = Math.max(0, Math.min(place, this.options.length - 1));
    const pointed = this.options[this.place];
    for (const option of this.options) option.setAttribute("aria-selected", option === pointed);
    this.input.setAttribute("aria-activedescendant", pointed?.id ?? "");
    pointed?.scrollIntoView({ block: "nearest" });
  }

  key(event) {
    const keys = {
      ArrowDown: () => this.point(this.place + 1),
      ArrowUp: () => this.point(this.place - 1),
      Enter: () => this.choose(this.options[this.place]),
      Escape: () => this.leave(false),
    };
    event.stopPropagation(); // Streamlit has keys of its own
    if (!keys[event.key] || event.isComposing) return;
    event.preventDefault();
    keys[event.key]();
  }

  choose(option) {
    if (!option) return;
    this.id = Number(option.dataset.id);
    this.remember();
    this.leave(true);
  }

  close() {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", false);
    this.id = this.chosen; // instead of what was typed
  }
}

const folded = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
const same = (a, b) => a.every((value, i) => value === b[i]);
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1] ?? 0;
const usualSize = (boxes) => [median(boxes.map((box) => box[2] - box[0])), median(boxes.map((box) => box[3] - box[1]))];
const contains = ([l, t, r, b], [x, y]) => x >= l && x <= r && y >= t && y <= b;
const tenths = (value) => Math.fround(Math.round(10 * value) / 10);
const outline = ([l, t, r, b]) => `M${l} ${t}H${r}V${b}H${l}Z`;

function shape(name, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

// Piles of facings: drag a facing to another pile, or tap some and put them there; name a pile to teach it.

export default function ({ data, parentElement, setTriggerValue }) {
  const board = parentElement.querySelector(".board");
  const typed = new Map();
  // What was written, not what was suggested, and not for the piles of another photo.
  if (board.dataset.photo === data.photo)
    for (const input of board.querySelectorAll("input"))
      if (input.value !== input.defaultValue) typed.set(input.dataset.key, input.value);
  board.dataset.photo = data.photo;
  const focused = board.getRootNode().activeElement?.dataset?.key;
  const selected = new Set();

  const act = (action) => {
    setTriggerValue("action", { ...action, stamp: Date.now() });
    // Where the server is slow, what is tapped next must not take along what was moved.
    selected.clear();
    showSelection();
  };
  const move = (facings, to) => act({ kind: "move", facings, to });
  const make = (tag, parent, className, text) => {
    const element = parent.appendChild(document.createElement(tag));
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const button = (parent, text, onclick, className) => {
    const element = make("button", parent, className, text);
    element.type = "button";
    element.onclick = onclick;
    return element;
  };
  const showSelection = () => {
    board.classList.toggle("selecting", selected.size > 0);
    for (const thumb of board.querySelectorAll(".thumb"))
      thumb.setAttribute("aria-pressed", String(selected.has(Number(thumb.dataset.facing))));
  };
  const root = board.getRootNode();
  let dropped = false;
  const cardAt = (event) => root.elementFromPoint(event.clientX, event.clientY)?.closest(".pile");
  const drag = (thumb, id) => (start) => {
    if (start.button !== 0 || start.pointerType === "touch") return; // a finger scrolls and taps
    let ghost = null;
    const follow = (event) => {
      if (!ghost && Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY) < 6) return;
      ghost ??= board.appendChild(Object.assign(thumb.firstChild.cloneNode(), { className: "ghost" }));
      ghost.style.translate = `${event.clientX}px ${event.clientY}px`;
      for (const card of board.querySelectorAll(".pile")) card.classList.toggle("over", card === cardAt(event));
    };
    const stop = (event) => {
      window.removeEventListener("pointermove", follow);
      window.removeEventListener("pointerup", stop);
      window.removeEventListener("pointercancel", stop);
      if (!ghost) return;
      ghost.remove();
      for (const card of board.querySelectorAll(".over")) card.classList.remove("over");
      dropped = true; // what follows is no click
      setTimeout(() => (dropped = false));
      const card = event.type === "pointerup" && cardAt(event);
      if (card && card !== thumb.closest(".pile")) move(selected.has(id) ? [...selected] : [id], card.pile);
    };
    window.addEventListener("pointermove", follow);
    window.addEventListener("pointerup", stop);
    window.addEventListener("pointercancel", stop);
  };
  const field = (form, pile, what, label, list) => {
    const input = make("input", form);
    input.dataset.key = `${pile.id} ${what}`;
    input.placeholder = label;
    input.setAttribute("aria-label", `${label} of pile ${pile.place}`);
    input.setAttribute("list", list);
    input.maxLength = data.longest;
    input.defaultValue = what === "brand" ? pile.brand : pile.product;
    input.value = typed.get(input.dataset.key) ?? input.defaultValue;
    return input;
  };

  board.replaceChildren();
  for (const [id, names] of Object.entries({ brands: data.brands, products: data.products })) {
    const list = make("datalist", board);
    list.id = id;
    for (const name of names) make("option", list).value = name;
  }
  for (const pile of data.piles) {
    const card = make("section", board, "pile");
    card.setAttribute("aria-label", `Pile ${pile.place}`);
    card.pile = pile.id;
    const head = make("div", card, "head");
    make("strong", head, "", pile.size > 1 ? `${pile.size} alike` : "1 facing");
    if (pile.note) make("span", head, "note", pile.note);
    const thumbs = make("div", card, "thumbs");
    for (const { id, src, doubtful } of pile.facings) {
      const thumb = button(thumbs, "", () => {
        if (dropped) return;
        selected.has(id) ? selected.delete(id) : selected.add(id);
        showSelection();
      }, doubtful ? "thumb doubtful" : "thumb");
      thumb.onpointerdown = drag(thumb, id);
      thumb.dataset.facing = id;
      thumb.setAttribute("aria-label", `Facing ${id + 1}${doubtful ? ", to check" : ""}`);
      const picture = make("img", thumb);
      picture.src = src;
      picture.alt = "";
      picture.draggable = false;
    }
    const tools = make("div", card, "tools");
    button(tools, "Put here", () => move([...selected], pile.id), "put");
    if (pile.size > 1) {
      button(tools, "Select all", () => {
        for (const { id } of pile.facings) selected.add(id);
        showSelection();
      });
      button(tools, "Split", () => act({ kind: "split", pile: pile.id }));
    }
    const form = make("form", card, "naming");
    const brand = field(form, pile, "brand", "Brand", "brands");
    const product = field(form, pile, "product", "Product, if any", "products");
    brand.addEventListener("input", () => {
      // The product that the pile is taken for is one of its own brand alone.
      if (brand.value !== pile.brand && product.value === pile.product) product.value = "";
    });
    make("button", form, "learn", "Teach");
    form.onsubmit = (event) => {
      event.preventDefault();
      if (!brand.value.trim()) return brand.focus();
      act({ kind: "teach", pile: pile.id, brand: brand.value, product: product.value });
    };
  }
  const fresh = make("section", board, "pile fresh");
  fresh.pile = null;
  make("span", fresh, "note", "Drag a facing here to take it out of its pile.");
  button(fresh, "New pile", () => move([...selected], null), "put");
  showSelection();
  if (focused) [...board.querySelectorAll("input")].find((input) => input.dataset.key === focused)?.focus();
}

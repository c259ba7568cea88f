"use strict";
// The page of the audit. All data is text: it goes into the document by textContent alone. Nothing is asked of anybody.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { about, people, instances, keys, texts, groups, regions, tags } = data;
  const RIGHTS = ["none", "login", "some", "root"], LETTERS = ["", "L", "S", "R"], TONES = ["", "l", "s", "r"];
  const WORDS = ["no access", "can log in", "can log in, has some sudo rights", "can become root"];
  const GIVES = ["no access", "a login", "a login and some sudo rights", "a login and root"];
  const STATES = ["present", "expired", "locked", "absent"];
  const METHODS = ["key", "command", "certificate authority", "password", "bound key pair"];
  const SEVERITIES = ["high", "medium", "low", "info"];
  const TABS = ["matrix", "people", "instances", "keys", "paths"];
  const FIELDS = ["person", "instance", "key", "group", "region", "tag"], SWITCHES = ["root", "unexpected", "changed", "unseen"];
  const $ = (id) => document.getElementById(id);
  const made = (tag, name, text) => {
    const node = document.createElement(tag);
    if (name) node.className = name;
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const put = (node, ...children) => { node.append(...children); return node; };
  const plural = (count, word) => `${count} ${word}${count === 1 ? "" : /[sxz]$/.test(word) ? "es" : "s"}`;

  // -- data: see page_data.py ------------------------------------------------------------------------------------------
  // shape: [state, right that the team gives, until, changed, accounts]
  // account: [name, right, flags (1 sure, 2 no password for sudo, 4 root itself), state, rules, commands, owner, methods]
  // method: [key or -1, kind, source, detail, effective, why]
  // What is the same for all cells of a shape is found out once.
  const judge = (shape) => {
    let right = 0, sure = false, methods = 0;
    for (const account of shape[4]) {
      if (account[1] > right) { right = account[1]; sure = false; }
      if (account[1] === right && account[2] & 1) sure = true;
      methods += account[7].length;
    }
    const given = shape[0] === 0 ? shape[1] : 0;
    const missing = given > right;
    const unexpected = Boolean(about.team && right > given && !shape[4].some((account) => account[6] && texts[account[6]] !== about.owner));
    const code = right * 32 + given * 4 + (missing ? 2 : 0) + (unexpected ? 128 : 0) + (sure ? 256 : 0);
    const common = { shape, given, methods, changed: Boolean(shape[3]) };
    return { methods, seen: { ...common, right, sure, missing, unexpected, unseen: false, code }, unseen: { ...common, right, sure, missing: false, unexpected: false, unseen: true, code: 1 } };
  };
  // cell: what its shape has, and person, instance, and where its days of last use begin
  const cells = people.map(([, , , , shapes, numbers], person) => {
    const found = new Map(), judged = shapes.map(judge);
    let instance = 0;
    for (let at = 0; at < numbers.length;) {
      instance += numbers[at];
      const some = judged[numbers[at + 1]], kind = instances[instance][5] ? some.seen : some.unseen;
      at += 2;
      found.set(instance, { person, instance, used: at, kind, right: kind.right, code: kind.code });
      at += some.methods;
    }
    return found;
  });
  const members = groups.map(() => []);
  instances.forEach((instance, index) => instance[3].forEach((group) => members[group].push(index)));
  const instanceName = (index) => instances[index][0];
  const day = (days) => {
    if (days < 0) return "";
    const date = new Date(Date.parse(about.generated_at.slice(0, 10) + "T00:00:00Z") - days * 864e5);
    return Number.isNaN(date.getTime()) ? "" : date.toISOString().slice(0, 10);
  };

  // -- state: in the address, and never more than a text to look for ---------------------------------------------------
  const state = { tab: "matrix" };
  const readAddress = () => {
    const given = new URLSearchParams(location.hash.slice(1, 4000));
    state.tab = TABS.includes(given.get("tab")) ? given.get("tab") : "matrix";
    for (const field of FIELDS) state[field] = (given.get(field) || "").slice(0, 100);
    for (const name of SWITCHES) state[name] = given.get(name) === "1";
  };
  const writeAddress = () => {
    const kept = new URLSearchParams();
    if (state.tab !== "matrix") kept.set("tab", state.tab);
    for (const field of FIELDS) if (state[field]) kept.set(field, state[field]);
    for (const name of SWITCHES) if (state[name]) kept.set(name, "1");
    const text = kept.toString();
    try { history.replaceState(null, "", text ? `#${text}` : "#"); } catch { /* some browsers refuse this for local files */ }
  };

  // -- filters ---------------------------------------------------------------------------------------------------------
  const has = (text, wanted) => text.toLowerCase().includes(wanted);
  const shapeCache = new Map();
  const hasKey = (shape, chosen) => {
    if (!shapeCache.has(shape)) shapeCache.set(shape, shape[4].some((account) => account[7].some((method) => chosen(method))));
    return shapeCache.get(shape);
  };
  const choose = () => {
    const person = state.person.toLowerCase(), instance = state.instance.toLowerCase(), key = state.key.toLowerCase();
    const group = groups.indexOf(state.group), region = regions.indexOf(state.region), tag = tags.indexOf(state.tag);
    const fits = instances.map(([name, id, ofRegion, ofGroups, ofTags, seen]) =>
      (!instance || has(name, instance) || (id && has(id, instance))) && (!state.region || ofRegion === region) && (!state.group || ofGroups.includes(group))
      && (!state.tag || ofTags.includes(tag)) && (!state.unseen || !seen));
    const keyFits = keys.map(([fingerprint]) => Boolean(key) && has(fingerprint, key));
    const byKey = (method) => (method[0] >= 0 && keyFits[method[0]]) || has(texts[method[3]], key);
    shapeCache.clear();
    const byCell = Boolean(key || state.root || state.unexpected || state.changed);
    const passes = (cell) => (!key || hasKey(cell.kind.shape, byKey)) && (!state.root || cell.right === 3) && (!state.unexpected || cell.kind.unexpected)
      && (!state.changed || cell.kind.changed);
    const shown = new Uint8Array(instances.length), rows = [];
    const narrow = byCell || Boolean(person);
    const every = !(byCell || instance || state.group || state.region || state.tag || state.unseen);
    people.forEach((entry, index) => {
      if (person && !has(entry[0], person)) return;
      let any = every;
      if (every && !person) { rows.push(index); return; }
      for (const cell of cells[index].values()) if (fits[cell.instance] && passes(cell)) { any = true; shown[cell.instance] = 1; }
      if (any) rows.push(index);
    });
    const columns = [];
    instances.forEach((_entry, index) => { if (fits[index] && (!narrow || shown[index])) columns.push(index); });
    return { rows, columns, passes };
  };

  // -- columns: the instances of a group share one while everybody has the same access there -----------------------------
  const apart = new Set();
  const fold = ({ rows, columns, passes }) => {
    // Two digests stand for all that a column shows.
    const one = new Uint32Array(instances.length), two = new Uint32Array(instances.length), chosen = new Uint8Array(instances.length);
    for (const index of columns) { chosen[index] = 1; one[index] = instances[index][5] ? 1 : 2; }
    for (const row of rows) for (const cell of cells[row].values()) {
      const index = cell.instance;
      if (!chosen[index] || !passes(cell)) continue;
      const value = row * 512 + cell.code;
      one[index] = Math.imul(one[index] ^ value, 2654435761) ^ (one[index] >>> 15);
      two[index] = Math.imul(two[index] + value + 1, 2246822519) ^ (two[index] >>> 13);
    }
    const owner = new Map(), folded = [];
    const bySize = groups.map((_name, group) => group).filter((group) => members[group].length > 1).sort((a, b) => members[b].length - members[a].length);
    for (const group of bySize) {
      const own = members[group].filter((index) => chosen[index]);
      if (own.length < 2 || apart.has(group) || own.some((index) => owner.has(index))) continue;
      if (own.some((index) => one[index] !== one[own[0]] || two[index] !== two[own[0]])) continue;
      const column = { label: `${groups[group]} \u00d7${own.length}`, group, all: own, first: own[0] };
      own.forEach((index) => owner.set(index, column));
    }
    const told = new Set();
    for (const index of columns) {
      const column = owner.get(index);
      if (!column) folded.push({ label: instanceName(index), group: -1, all: [index], first: index });
      else if (!told.has(column)) { told.add(column); folded.push(column); }
    }
    return folded;
  };

  // -- the matrix: only what can be seen is in the document --------------------------------------------------------------
  const grid = $("grid"), canvas = $("canvas");
  const view = { rows: [], columns: [], passes: () => true, at: [0, 0], size: {} };
  const phone = () => matchMedia("(max-width: 640px)").matches;
  const look = (cell) => {
    if (!cell) return ["", ""];
    if (cell.kind.unseen) return ["?", "cell unseen"];
    if (cell.kind.missing && !cell.right) return [LETTERS[cell.kind.given], "cell gone"];
    if (!cell.right) return ["\u00b7", "cell shut"];
    return [LETTERS[cell.right] + (cell.kind.sure ? "" : "?"), `cell ${TONES[cell.right]}${cell.kind.unexpected ? " bad" : ""}${cell.kind.missing ? " gone" : ""}`];
  };
  const describe = (cell) => {
    if (!cell) return "no access";
    if (cell.kind.unseen) return `not seen; the team file gives ${GIVES[cell.kind.given]}`;
    const parts = [WORDS[cell.right]];
    if (cell.right && !cell.kind.sure) parts.push("not certain");
    if (cell.kind.unexpected) parts.push("more than the team file gives");
    if (cell.kind.missing) parts.push(`missing: ${GIVES[cell.kind.given]}`);
    if (cell.kind.changed) parts.push("changed");
    return parts.join(", ");
  };
  const cellAt = (row, column) => {
    const cell = cells[view.rows[row]]?.get(view.columns[column]?.first);
    return cell && view.passes(cell) ? cell : undefined;
  };
  const layOut = () => {
    const narrow = phone();
    const letters = view.columns.reduce((most, column) => Math.max(most, column.label.length), 0);
    const names = view.rows.reduce((most, row) => Math.max(most, people[row][0].length), 0);
    view.size = { row: 28, column: 32, side: Math.min(narrow ? 116 : 220, 44 + names * 7.5), top: Math.min(narrow ? 110 : 170, 20 + letters * 7.2) };
    canvas.style.width = `${view.size.side + view.columns.length * view.size.column}px`;
    canvas.style.height = `${view.size.top + view.rows.length * view.size.row}px`;
    grid.setAttribute("aria-rowcount", view.rows.length + 1);
    grid.setAttribute("aria-colcount", view.columns.length + 1);
  };
  const place = (node, left, top, width, height) => {
    node.style.left = `${left}px`; node.style.width = `${width}px`; node.style.height = `${height}px`;
    if (top !== null) node.style.top = `${top}px`;
    return node;
  };
  const paint = () => {
    const { row: high, column: wide, side, top } = view.size;
    const firstRow = Math.max(0, Math.floor(grid.scrollTop / high) - 2), lastRow = Math.min(view.rows.length, Math.ceil((grid.scrollTop + grid.clientHeight - top) / high) + 3);
    const firstColumn = Math.max(0, Math.floor(grid.scrollLeft / wide) - 2);
    const lastColumn = Math.min(view.columns.length, Math.ceil((grid.scrollLeft + grid.clientWidth - side) / wide) + 3);
    const pieces = document.createDocumentFragment();
    const corner = place(made("div", "corner"), 0, 0, side, top);
    corner.style.marginBottom = `${-top}px`;
    const heads = place(made("div", "top"), 0, 0, side + view.columns.length * wide, top);
    heads.style.position = "sticky"; heads.style.marginBottom = "0";
    heads.setAttribute("role", "row"); heads.setAttribute("aria-rowindex", "1");
    for (let index = firstColumn; index < lastColumn; index += 1) {
      const column = view.columns[index], folded = column.all.length > 1;
      const head = place(made("button", `column${folded ? " fold" : ""}${instances[column.first][5] ? "" : " unseen-column"}`, column.label), side + index * wide, null, wide, top);
      head.tabIndex = -1; head.title = column.label; head.dataset.column = index;
      head.setAttribute("role", "columnheader"); head.setAttribute("aria-colindex", index + 2);
      heads.append(head);
    }
    const names = place(made("div", "side"), 0, null, side, view.rows.length * high);
    for (let index = firstRow; index < lastRow; index += 1) {
      const [name, kind, inTeam] = people[view.rows[index]];
      const row = place(made("button", `row${kind === 1 ? " program" : about.team && !inTeam ? " stranger" : ""}`, name), 0, index * high, side, high);
      row.tabIndex = -1; row.title = name; row.dataset.row = index;
      row.setAttribute("role", "rowheader"); row.setAttribute("aria-rowindex", index + 2);
      names.append(row);
      const line = made("div", "line");
      line.setAttribute("role", "row"); line.setAttribute("aria-rowindex", index + 2);
      line.append(place(made("div", "stripe"), 0, top + index * high, side + view.columns.length * wide, high));
      pieces.append(line);
      for (let at = firstColumn; at < lastColumn; at += 1) {
        const cell = cellAt(index, at), active = index === view.at[0] && at === view.at[1];
        if (!cell && !active) continue;
        const spot = place(made("div", `spot${active ? " active" : ""}`), side + at * wide, top + index * high, wide, high);
        const [letter, tone] = look(cell);
        spot.id = `cell-${index}-${at}`; spot.dataset.row = index; spot.dataset.column = at;
        spot.setAttribute("role", "gridcell"); spot.setAttribute("aria-colindex", at + 2);
        spot.setAttribute("aria-label", `${name} on ${view.columns[at].label}: ${describe(cell)}`);
        if (cell) spot.append(made("span", tone, letter));
        line.append(spot);
      }
    }
    // Sticky pieces stand in the flow, the others are placed.
    canvas.replaceChildren(corner, heads, names, pieces);
    grid.setAttribute("aria-activedescendant", `cell-${view.at[0]}-${view.at[1]}`);
  };
  let waiting = false;
  const repaint = () => { if (!waiting) { waiting = true; requestAnimationFrame(() => { waiting = false; if (!$("matrix").hidden) paint(); }); } };
  const move = (row, column) => {
    const { row: high, column: wide, side, top } = view.size;
    view.at = [Math.max(0, Math.min(view.rows.length - 1, row)), Math.max(0, Math.min(view.columns.length - 1, column))];
    const up = view.at[0] * high, left = view.at[1] * wide;
    if (up < grid.scrollTop) grid.scrollTop = up;
    if (up + high > grid.scrollTop + grid.clientHeight - top) grid.scrollTop = up + high - grid.clientHeight + top;
    if (left < grid.scrollLeft) grid.scrollLeft = left;
    if (left + wide > grid.scrollLeft + grid.clientWidth - side) grid.scrollLeft = left + wide - grid.clientWidth + side;
    repaint();
  };

  // -- reasons -----------------------------------------------------------------------------------------------------------
  const dialog = $("dialog");
  const open = (title, ...content) => {
    $("dialog-title").textContent = title;
    $("dialog-body").replaceChildren(...content);
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
  };
  const items = (lines) => put(made("ul"), ...lines.map((line) => typeof line === "string" ? made("li", "", line) : put(made("li"), line)));
  const link = (text, action) => { const node = made("button", "link", text); node.type = "button"; node.addEventListener("click", action); return node; };
  const reasons = (cell) => {
    const parts = [], [state, right, until] = cell.kind.shape;
    const given = state < 0 ? "The team file gives nothing here." : STATES[state] === "present" ? `The team file gives ${GIVES[right]}${until ? ` until ${texts[until]}` : ""}.`
      : `The team file has this person as ${STATES[state]}${until ? ` since the end of ${texts[until]}` : ""}.`;
    parts.push(made("p", cell.kind.unexpected || cell.kind.missing ? "high" : "quiet", about.team ? given : "There was no team file, so nothing is unexpected."));
    if (cell.kind.unseen) parts.push(made("p", "", `The instance was not seen: ${texts[instances[cell.instance][6]] || "no reason given"}`));
    const numbers = people[cell.person][5];
    let at = cell.used;
    for (const [name, has, flags, condition, rules, commands, owner, methods] of cell.kind.shape[4]) {
      if (cell.kind.unseen) continue;
      parts.push(made("h3", "", `Account ${texts[name]}: ${WORDS[has]}`));
      const lines = [];
      for (const [key, kind, source, detail, effective, why] of methods) {
        const used = day(numbers[at]); at += 1;
        const what = key >= 0 ? `${METHODS[kind]} ${keys[key][0]}` : METHODS[kind];
        const status = ["", "does not work", "not certain"][effective];
        lines.push([`${what}: ${texts[source]}`, detail && texts[detail], [status, texts[why]].filter(Boolean).join(": "), used && `last used ${used}`].filter(Boolean).join("; "));
      }
      for (const rule of rules) lines.push(`sudo: ${texts[rule]}${flags & 2 ? ", without a password" : ""}${commands ? `; ${texts[commands]}` : ""}`);
      if (flags & 4) lines.push("this is root itself");
      if (!["open", "unseen", "missing"].includes(texts[condition])) lines.push(`the account is ${texts[condition]}`);
      if (texts[condition] === "missing") lines.push("there is no such account");
      if (owner) lines.push(`in the record of the team file ${texts[owner]}`);
      parts.push(items(lines.length ? lines : ["no login method"]));
    }
    return parts;
  };
  const showCell = (person, column) => {
    const cell = cells[person].get(column.first);
    const names = column.all.map(instanceName);
    const parts = cell ? reasons(cell) : [made("p", "", "No access.")];
    if (names.length > 1) parts.unshift(made("p", "quiet", `The same on ${names.length} instances; the places below are those of ${names[0]}: ${names.slice(0, 30).join(", ")}${names.length > 30 ? " \u2026" : ""}`));
    open(`${people[person][0]} on ${column.label}`, ...parts);
  };
  const showPerson = (person) => {
    const [name, kind, inTeam, owner] = people[person];
    const found = [...cells[person].values()].sort((a, b) => b.right - a.right || a.instance - b.instance);
    const intro = about.team ? (inTeam ? "In the team file." : owner ? `In the record of the team file ${texts[owner]}.` : "Not in the team file.") : "";
    const lines = found.slice(0, 400).map((cell) => put(made("span"), link(instanceName(cell.instance), () => showCell(person, { label: instanceName(cell.instance), all: [cell.instance], first: cell.instance })), `: ${describe(cell)}`));
    const more = found.length > 400 ? [made("p", "quiet", `and ${found.length - 400} more instances`)] : [];
    open(name, made("p", "quiet", [kind === 1 ? "A program or service account." : "", intro].filter(Boolean).join(" ")), items(lines), ...more);
  };
  const showInstance = (index) => {
    const [name, id, region, , , seen, why, via, log, unread, boot] = instances[index];
    const found = cells.map((some) => some.get(index)).filter(Boolean).sort((a, b) => b.right - a.right);
    const intro = [id, regions[region], seen ? `seen ${texts[via] === "ssh" ? "over SSH" : texts[via] ? "through Cloud Assistant" : ""}` : `not seen: ${texts[why]}`, log && `its log begins on ${texts[log]}`].filter(Boolean);
    const parts = [made("p", "quiet", intro.join("; "))];
    if (unread.length) parts.push(made("h3", "", "Could not be read"), items(unread.map(([what, reason]) => `${texts[what]}: ${texts[reason]}`)));
    if (boot.length) parts.push(made("h3", "", "At the next boot"), items(boot.map((sentence) => texts[sentence])));
    parts.push(made("h3", "", plural(found.length, "person").replace("persons", "people")));
    parts.push(items(found.map((cell) => put(made("span"), link(people[cell.person][0], () => showCell(cell.person, { label: name, all: [index], first: index })), `: ${describe(cell)}`))));
    open(name, ...parts);
  };

  // -- lists -------------------------------------------------------------------------------------------------------------
  const PAGE = 200;
  const table = (headings, rows, draw) => {
    const body = made("tbody"), more = made("button", "more");
    let shown = 0;
    const extend = () => {
      for (const row of rows.slice(shown, shown + PAGE)) {
        const line = made("tr");
        draw(row).forEach((value, index) => {
          const cell = made("td", typeof value === "number" ? "number" : "");
          cell.dataset.label = headings[index];
          line.append(put(cell, typeof value === "number" ? String(value) : value));
        });
        body.append(line);
      }
      shown = Math.min(rows.length, shown + PAGE);
      more.textContent = `Show more (${rows.length - shown} left)`; more.hidden = shown >= rows.length;
    };
    more.type = "button"; more.addEventListener("click", extend);
    extend();
    const head = put(made("thead"), put(made("tr"), ...headings.map((text) => { const node = made("th", "", text); node.scope = "col"; return node; })));
    return rows.length ? put(made("div", "wide"), put(made("table"), head, body), more) : made("p", "empty", "Nothing matches these filters.");
  };
  const count = (person, chosen, test) => { let sum = 0; for (const cell of cells[person].values()) if (chosen.has(cell.instance) && test(cell)) sum += 1; return sum; };
  const lists = {
    people: ({ rows, columns }) => {
      const chosen = new Set(columns);
      return table(["Person", "", "Root on", "Some sudo on", "Login on", "Unexpected", "Missing", "Not seen"], rows, (person) => {
        const [name, kind, inTeam] = people[person], number = (test) => count(person, chosen, test);
        return [link(name, () => showPerson(person)), kind === 1 ? "program" : about.team && !inTeam ? "not in the team file" : "", number((cell) => !cell.kind.unseen && cell.right === 3), number((cell) => cell.right === 2),
          number((cell) => cell.right === 1), number((cell) => cell.kind.unexpected), number((cell) => cell.kind.missing), number((cell) => cell.kind.unseen)];
      });
    },
    instances: ({ rows, columns }) => {
      const roots = new Map(), all = new Map(), odd = new Map();
      for (const row of rows) for (const [index, cell] of cells[row]) {
        if (cell.right) all.set(index, (all.get(index) || 0) + 1);
        if (cell.right === 3) roots.set(index, (roots.get(index) || 0) + 1);
        if (cell.kind.unexpected) odd.set(index, (odd.get(index) || 0) + 1);
      }
      return table(["Instance", "Id", "Region", "Seen", "People", "Root", "Unexpected", "Groups"], columns, (index) => {
        const [name, id, region, ofGroups, , seen, why, via] = instances[index];
        return [link(name, () => showInstance(index)), id || "", regions[region], seen ? (texts[via] === "ssh" ? "over SSH" : "through Cloud Assistant") : `not seen: ${texts[why]}`,
          all.get(index) || 0, roots.get(index) || 0, odd.get(index) || 0, ofGroups.map((group) => groups[group]).join(", ")];
      });
    },
    keys: ({ rows, columns, passes }) => {
      const chosen = new Set(columns), where = keys.map(() => []), last = keys.map(() => -1);
      for (const row of rows) for (const cell of cells[row].values()) {
        if (!chosen.has(cell.instance) || !passes(cell)) continue;
        let at = cell.used;
        for (const account of cell.kind.shape[4]) for (const method of account[7]) {
          const used = people[row][5][at]; at += 1;
          if (method[0] < 0) continue;
          where[method[0]].push([cell, account, method]);
          if (used >= 0 && (last[method[0]] < 0 || used < last[method[0]])) last[method[0]] = used;
        }
      }
      const key = state.key.toLowerCase();
      const found = keys.map((_key, index) => index).filter((index) => where[index].length && (!key || has(keys[index][0], key) || where[index].some(([, , method]) => has(texts[method[3]], key))));
      return table(["Key", "Type", "Held by", "Opens", "First seen", "Last used"], found, (index) => {
        const [fingerprint, type, bits, holders, , first] = keys[index];
        const show = () => open(fingerprint, items(where[index].slice(0, 500).map(([cell, account, method]) => `${instanceName(cell.instance)}, account ${texts[account[0]]}: ${texts[method[2]]}${method[3] ? ` (${texts[method[3]]})` : ""}`)));
        return [link(fingerprint, show), `${texts[type]}${bits ? ` ${bits}` : ""}`, `${holders.map((holder) => people[holder][0]).join(", ")}${keys[index][4] || !about.team ? "" : " (not in the team file)"}`,
          plural(where[index].length, "account"), texts[first], day(last[index]) || "\u2013"];
      });
    },
    paths: ({ columns }) => {
      const chosen = new Set(columns);
      const found = data.paths.filter(([from]) => chosen.has(from));
      return table(["Private key on", "File", "Passphrase", "Within reach of", "Opens"], found, ([from, file, , key, encrypted, who, opens, total]) => [
        link(instanceName(from), () => showInstance(from)), put(made("span"), made("code", "", texts[file]), made("br"), made("span", "quiet", keys[key][0])), encrypted < 0 ? "not known" : encrypted ? "yes" : "no",
        who.map((person) => people[person][0]).join(", "),
        `${opens.slice(0, 12).map(([index, account, right]) => `${texts[account]} on ${instanceName(index)} (${RIGHTS[right]})`).join(", ")}${total > 12 ? ` and ${total - 12} more` : ""}`]);
    },
  };

  // -- drawing -----------------------------------------------------------------------------------------------------------
  const draw = () => {
    const chosen = choose();
    const matrix = state.tab === "matrix";
    for (const tab of $("tabs").children) {
      const on = tab.dataset.tab === state.tab;
      tab.setAttribute("aria-selected", String(on)); tab.tabIndex = on ? 0 : -1;
      if (on) $("view").setAttribute("aria-labelledby", tab.id);
    }
    $("matrix").hidden = !matrix; $("list").hidden = matrix;
    const summary = `${chosen.rows.length} of ${people.length} people and accounts, ${chosen.columns.length} of ${plural(instances.length, "instance")}`;
    $("summary").textContent = summary;
    if (matrix) {
      view.rows = chosen.rows; view.columns = fold(chosen); view.passes = chosen.passes; view.at = [0, 0];
      if (view.columns.length !== chosen.columns.length) $("summary").textContent = `${summary}, in ${plural(view.columns.length, "column")}`;
      layOut(); grid.scrollTo(0, 0); paint();
    } else $("list").replaceChildren(lists[state.tab](chosen));
  };
  const change = () => { writeAddress(); draw(); };

  // -- the parts that stay -----------------------------------------------------------------------------------------------
  const describeAudit = () => {
    const seenIn = regions.filter(Boolean);
    const parts = [`As of ${about.generated_at.replace("T", " ").replace("Z", " UTC")}`, about.account && `account ${about.account}`, seenIn.length && `${seenIn.length === 1 ? "region" : "regions"} ${seenIn.join(", ")}`,
      about.limit && `limited to ${about.limit}`, about.inventory > about.expected && `a part of ${about.inventory} instances`, !about.team && "no team file was given, so nothing is unexpected"];
    $("about").textContent = `${parts.filter(Boolean).join(" \u00b7 ")}.`;
    const bySeverity = SEVERITIES.map((_name, index) => data.findings.filter((finding) => finding[1] === index && !finding[5]).length);
    const boxes = [["high", bySeverity[0], bySeverity[0] > 0], ["medium", bySeverity[1]], ["low", bySeverity[2] + bySeverity[3]], ["instances seen", about.seen === about.expected ? about.seen : `${about.seen} of ${about.expected}`, about.seen < about.expected],
      ["people and accounts", people.length], ["keys", keys.length]];
    $("counts").append(...boxes.map(([word, number, warn]) => put(made("div", `count${warn ? " warn" : ""}`), made("b", "", String(number)), made("span", "", word))));
    $("footer").textContent = [about.collection, about.run_by && `run by ${about.run_by}`, about.team_sha256 && `team file sha256:${about.team_sha256.slice(0, 16)}`].filter(Boolean).join(" \u00b7 ");
  };
  const describeFindings = () => {
    const byKind = new Map();
    data.findings.forEach((finding) => {
      const name = `${finding[5] ? 9 : finding[1]} ${finding[0]}`;
      if (!byKind.has(name)) byKind.set(name, []);
      byKind.get(name).push(finding);
    });
    const line = ([, , subject, instance, evidence, accepted]) => {
      const node = put(made("li"), made("b", "", texts[subject]));
      if (instance >= 0) node.append(" on ", link(instanceName(instance), () => showInstance(instance)));
      node.append(`: ${texts[evidence]}`);
      if (accepted) node.append(made("div", "where", `accepted by ${texts[accepted[1]]} until ${texts[accepted[2]]}: ${texts[accepted[0]]}`));
      return node;
    };
    const sections = [...byKind.values()].map((some, index) => {
      const [kind, severity, , , , accepted] = some[0];
      const section = made("details", "group");
      section.open = index < 4 && severity === 0 && !accepted && some.length <= 12;
      const title = put(made("summary"), made("span", `badge ${accepted ? "accepted" : SEVERITIES[severity]}`, accepted ? "accepted" : SEVERITIES[severity]), made("span", "title", data.kinds[kind][1]), put(made("span", "number"), made("span", "kind", `${data.kinds[kind][0]} \u00b7 `), String(some.length)));
      section.append(title);
      const fill = () => {
        if (section.dataset.filled) return;
        section.dataset.filled = "1";
        section.append(put(made("ul"), ...some.slice(0, 300).map(line), ...(some.length > 300 ? [made("li", "where", `and ${some.length - 300} more in access.json`)] : [])));
      };
      section.addEventListener("toggle", fill);
      section.fill = fill;
      if (section.open) fill();
      return section;
    });
    if (data.more) sections.push(made("p", "quiet", `${data.more} more findings are in access.json.`));
    $("findings").replaceChildren(...(sections.length ? sections : [made("p", "", "Nothing: everything that was seen is as the team file has it.")]));
  };
  const describeChanges = () => {
    if (data.changes === null) return;
    $("changes").hidden = false;
    $("changes-since").textContent = `Since ${about.compared_with}, as far as both audits have seen the instance.`;
    $("change-list").append(...(data.changes.length ? data.changes : ["Nothing has changed."]).map((text) => made("li", "", text)));
  };
  const fillFilters = () => {
    for (const [name, values] of [["group", groups], ["region", regions], ["tag", tags]]) {
      const select = $("filters").elements[name];
      select.append(...values.filter(Boolean).slice().sort().map((value) => { const option = made("option", "", value); option.value = value; return option; }));
      if (!values.filter(Boolean).length) select.closest("label").hidden = true;
    }
  };
  const showFilters = () => {
    for (const field of FIELDS) $("filters").elements[field].value = state[field];
    for (const name of SWITCHES) $("filters").elements[name].checked = state[name];
  };
  const fillPaper = () => {
    for (const section of $("findings").children) if (section.fill) { section.open = true; section.fill(); }
    const rows = people.map((entry, person) => {
      const byRight = [[], [], [], []], missing = [];
      for (const cell of cells[person].values()) {
        if (cell.kind.unseen) continue;
        if (cell.kind.missing) missing.push(instanceName(cell.instance));
        byRight[cell.right].push(`${instanceName(cell.instance)}${cell.kind.unexpected ? "!" : ""}${cell.right && !cell.kind.sure ? "?" : ""}`);
      }
      const shorten = (names) => names.length > 60 ? `${names.slice(0, 60).join(", ")} and ${names.length - 60} more` : names.join(", ") || "\u2013";
      return put(made("tr"), ...[entry[0], shorten(byRight[3]), shorten(byRight[2]), shorten(byRight[1]), shorten(missing)].map((text) => made("td", "", text)));
    });
    const head = put(made("thead"), put(made("tr"), ...["Person", "Root", "Some sudo", "Login", "Missing"].map((text) => made("th", "", text))));
    $("paper").replaceChildren(made("h2", "", "People and instances"), made("p", "quiet", "! more than the team file gives; ? not certain"), put(made("table"), head, put(made("tbody"), ...rows)));
  };

  describeAudit(); describeFindings(); describeChanges(); fillFilters(); readAddress(); showFilters(); draw();
  $("filters").addEventListener("input", () => {
    for (const field of FIELDS) state[field] = $("filters").elements[field].value;
    for (const name of SWITCHES) state[name] = $("filters").elements[name].checked;
    change();
  });
  $("filters").addEventListener("submit", (event) => event.preventDefault());
  $("filters").addEventListener("reset", (event) => {
    event.preventDefault();
    for (const field of FIELDS) state[field] = "";
    for (const name of SWITCHES) state[name] = false;
    apart.clear(); showFilters(); change();
  });
  $("tabs").addEventListener("click", (event) => { const tab = event.target.closest("[data-tab]"); if (tab) { state.tab = tab.dataset.tab; change(); } });
  $("tabs").addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    state.tab = TABS[(TABS.indexOf(state.tab) + step + TABS.length) % TABS.length];
    change(); $(`tab-${state.tab}`).focus();
  });
  grid.addEventListener("scroll", repaint, { passive: true });
  grid.addEventListener("click", (event) => {
    const target = event.target.closest("[data-row], [data-column]");
    if (!target) return;
    const row = target.dataset.row === undefined ? -1 : Number(target.dataset.row), at = target.dataset.column === undefined ? -1 : Number(target.dataset.column);
    const column = view.columns[at];
    if (row >= 0 && at >= 0) { view.at = [row, at]; repaint(); showCell(view.rows[row], column); }
    else if (row >= 0) showPerson(view.rows[row]);
    else if (column.group >= 0) { apart.add(column.group); draw(); }
    else showInstance(column.first);
  });
  grid.addEventListener("keydown", (event) => {
    const [row, column] = view.at, page = Math.max(1, Math.floor((grid.clientHeight - view.size.top) / view.size.row) - 1);
    const steps = { ArrowDown: [row + 1, column], ArrowUp: [row - 1, column], ArrowRight: [row, column + 1], ArrowLeft: [row, column - 1], Home: [row, 0], End: [row, view.columns.length - 1], PageDown: [row + page, column], PageUp: [row - page, column] };
    if (steps[event.key]) { event.preventDefault(); move(...steps[event.key]); }
    else if ((event.key === "Enter" || event.key === " ") && event.target === grid && view.rows.length && view.columns.length) { event.preventDefault(); showCell(view.rows[row], view.columns[column]); }
  });
  addEventListener("hashchange", () => { readAddress(); showFilters(); draw(); });
  addEventListener("resize", () => { if (!$("matrix").hidden) { layOut(); repaint(); } });
  addEventListener("beforeprint", fillPaper);
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
})();

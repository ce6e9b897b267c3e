// The token is kept in this variable and nowhere else: with the page it is gone.
let token = "";

const find = (id) => document.getElementById(id);

async function ask(path) {
  const answer = await fetch(path, { headers: { authorization: `Bearer ${token}` } });
  const text = await answer.text();
  return { status: answer.status, ok: answer.ok, body: answer.ok ? JSON.parse(text) : null };
}

function row(cells) {
  const row = document.createElement("tr");
  for (const cell of cells) {
    row.appendChild(document.createElement("td")).textContent = cell;
  }
  return row;
}

async function signIn(given) {
  token = given;
  find("answer").textContent = "";
  const company = await ask("/company");
  find("company").hidden = !company.ok;
  if (!company.ok) {
    find("answer").textContent = `${company.status}: the token does not count.`;
    return;
  }
  find("name").textContent = company.body.name;
  const invoices = await ask("/invoices");
  const cells = (invoice) => [
    invoice.id,
    `${invoice.fiscal_year}/${invoice.number}`,
    invoice.issued_on,
    invoice.net,
    invoice.vat,
    invoice.total,
    invoice.paid,
  ];
  find("invoices").replaceChildren(...(invoices.body ?? []).map((invoice) => row(cells(invoice))));
}

async function lookUp(id) {
  const invoice = await ask(`/invoices/${encodeURIComponent(id)}`);
  find("answer").textContent = invoice.ok
    ? `Invoice ${id}: ${invoice.body.lines.length} line(s), ${invoice.body.total} taka.`
    : `${invoice.status}: there is no invoice ${id} for this company.`;
}

// `#as=NAME` signs in as one of the demonstration's people, and `&invoice=ID` looks an invoice up.
async function begin() {
  const answer = await fetch("/demo/tokens");
  const people = answer.ok ? await answer.json() : [];
  for (const person of people) {
    const button = find("people").appendChild(document.createElement("button"));
    button.textContent = person.name;
    button.addEventListener("click", () => signIn(person.token));
  }
  const wanted = new URLSearchParams(location.hash.slice(1));
  const person = people.find(({ name }) => name === wanted.get("as"));
  if (person) {
    await signIn(person.token);
    if (wanted.has("invoice")) {
      await lookUp(wanted.get("invoice"));
    }
  }
  document.body.dataset.ready = "";
}

find("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  signIn(event.target.elements.token.value);
});
find("look-up").addEventListener("submit", (event) => {
  event.preventDefault();
  lookUp(event.target.elements.id.value);
});
begin();

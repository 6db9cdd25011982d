// What the page asks the server for; everything lies behind the token in the page's own address.

async function answer(response) {
  if (!response.ok) throw new Error((await response.text()).trim() || response.statusText);
  return response.json();
}

async function post(name, body) {
  return answer(await fetch(name, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  }));
}

export const loadState = async () => answer(await fetch("scene"));
export const review = (document) => post("review", document);
export const save = (document) => post("save", document);
export const anotherFrame = () => post("frame", {});
export const frameAddress = (number) => `frame?${number}`;

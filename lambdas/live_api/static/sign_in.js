// Signing in at Cognito's hosted page: authorization code with PKCE (RFC 7636), where config.json asks for it.
// Tokens live in this tab only (sessionStorage).

import { ApiError } from "./api.js";
import { text } from "./messages.js";

const KEY = "crowdlens.session";
const RENEW_MS = 60_000;

export async function readConfig() {
  const response = await fetch("config.json", { cache: "no-store" });
  // One's own machine has no such file and no sign-in.
  if (response.status === 404) return { sign_in: "none" };
  if (!response.ok) throw new ApiError(text("status", { status: response.status }), { status: response.status });
  return response.json();
}

export function domainAddress({ domain, region }) {
  if (domain.includes("://")) return domain.replace(/\/$/, "");
  return domain.includes(".") ? `https://${domain}` : `https://${domain}.auth.${region}.amazoncognito.com`;
}

const encoded = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const random = () => encoded(crypto.getRandomValues(new Uint8Array(32)));

async function challenge(verifier) {
  return encoded(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));
}

// As it is registered with the client, whichever way the page was opened.
const redirectAddress = () => `${location.origin}${location.pathname.replace(/index\.html$/, "")}`;

export class SignIn {
  constructor(config) {
    this.needed = config.sign_in !== "none";
    if (this.needed && (config.sign_in !== "cognito" || !config.domain || !config.client_id)) {
      throw new ApiError(text("sign_in_config"));
    }
    this.config = config;
    this.session = JSON.parse(sessionStorage.getItem(KEY) ?? "null") ?? {};
    this.renewing = null;
  }

  get signedIn() {
    return Boolean(this.session.token);
  }

  keep(session) {
    this.session = session;
    sessionStorage.setItem(KEY, JSON.stringify(session));
  }

  async start() {
    const pending = { verifier: random(), state: random(), hash: location.hash };
    this.keep({ pending });
    location.assign(`${domainAddress(this.config)}/oauth2/authorize?${new URLSearchParams({
      response_type: "code", client_id: this.config.client_id, redirect_uri: redirectAddress(),
      scope: "openid email profile", state: pending.state, code_challenge_method: "S256",
      code_challenge: await challenge(pending.verifier),
    })}`);
  }

  // Comes back from the hosted page: trades the code for tokens and takes it out of the address.
  async finish() {
    const answer = new URLSearchParams(location.search);
    const { pending } = this.session;
    if (!answer.has("code") && !answer.has("error")) return;
    history.replaceState(null, "", `${redirectAddress()}${pending?.hash ?? ""}`);
    if (!pending || answer.get("state") !== pending.state) {
      if (!this.signedIn) throw new ApiError(text("sign_in_state"));
      return;
    }
    this.keep({});
    if (answer.has("error")) throw new ApiError(answer.get("error_description") ?? answer.get("error"));
    await this.trade({ grant_type: "authorization_code", code: answer.get("code"),
      redirect_uri: redirectAddress(), code_verifier: pending.verifier });
  }

  async trade(values) {
    let response;
    try {
      response = await fetch(`${domainAddress(this.config)}/oauth2/token`, { method: "POST",
        headers: { "Content-Type": "application/x-www-form-urlencoded" },
        body: new URLSearchParams({ ...values, client_id: this.config.client_id }) });
    } catch {
      throw new ApiError(text("unreachable"));
    }
    const told = await response.json().catch(() => ({}));
    if (!response.ok || !told.id_token) {
      throw new ApiError(told.error ?? text("status", { status: response.status }), { status: 401 });
    }
    this.keep({ token: told.id_token, refresh: told.refresh_token ?? this.session.refresh ?? null,
      expires: Date.now() + (told.expires_in ?? 3600) * 1000 });
  }

  // The id token: it names the groups, and API Gateway checks its audience.
  async token() {
    if (!this.needed || !this.signedIn) return null;
    if (Date.now() > this.session.expires - RENEW_MS && this.session.refresh) {
      this.renewing ??= this.trade({ grant_type: "refresh_token", refresh_token: this.session.refresh })
        .catch((error) => { if (error.status === 401) this.forget(); })
        .finally(() => { this.renewing = null; });
      await this.renewing;
    }
    return this.session.token ?? null;
  }

  forget() {
    this.keep({});
  }

  leave() {
    this.forget();
    location.assign(`${domainAddress(this.config)}/logout?${new URLSearchParams({
      client_id: this.config.client_id, logout_uri: redirectAddress() })}`);
  }
}

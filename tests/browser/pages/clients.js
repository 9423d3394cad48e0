// What pages do with the SDKs of Parcelvoy and Postles, which are not part of this repository: methods of the same names
// make the same requests, with the same paths, headers and members. Each gives what a page can read of the answer.

class Caller {
  constructor(url, key, headers = {}) {
    this.url = url;
    this.headers = { Authorization: `Bearer ${key}`, ...headers };
  }

  // `init` is for what no SDK offers: keepalive, other headers, a body that is no JSON.
  async ask(method, path, body, init = {}) {
    const headers = { ...this.headers, ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...init.headers };
    const response = await fetch(`${this.url}${path}`, {
      method,
      body: body === undefined || typeof body === "string" ? body : JSON.stringify(body),
      ...init,
      headers,
    });
    const text = await response.text();
    return {
      status: response.status,
      json: (response.headers.get("Content-Type") ?? "").startsWith("application/json"),
      body: text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : text,
      headers: Object.fromEntries(response.headers),
    };
  }
}

// One visitor of one page: who it is, anonymous until it is identified.
class Visitor extends Caller {
  constructor(url, key, headers) {
    super(`${url}/api/client/`, key, headers);
    this.anonymousId = crypto.randomUUID();
    this.externalId = undefined;
  }

  ids(given = {}) {
    return { anonymous_id: given.anonymousId ?? this.anonymousId, external_id: given.externalId ?? this.externalId };
  }
}

class Parcelvoy extends Visitor {
  identify({ traits, externalId, ...fields }) {
    this.externalId = externalId;
    return this.ask("POST", "identify", { ...fields, ...this.ids(), data: traits });
  }

  // It has no route of its own there, and an anonymous id only if the page gives one.
  alias({ anonymousId, externalId }) {
    this.externalId = externalId;
    return this.ask("POST", "identify", { anonymous_id: anonymousId, external_id: externalId });
  }

  track({ event, properties }) {
    return this.ask("POST", "track", { event, ...this.ids(), data: properties });
  }

  events(events) {
    return this.ask("POST", "events", events.map(({ name, properties }) => ({ name, ...this.ids(), data: properties })));
  }
}

class Postles extends Visitor {
  constructor(url, key, onMessage = null) {
    super(url, key, { Accept: "application/json" });
    this.onMessage = onMessage;
    this.errors = [];
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.checkInbox();
    });
  }

  async identify({ traits, externalId, ...fields }) {
    this.externalId = externalId;
    const answer = await this.ask("POST", "identify", { ...fields, anonymous_id: this.anonymousId, external_id: externalId, data: traits });
    this.checkInbox();
    return answer;
  }

  async alias({ externalId }) {
    this.externalId = externalId;
    const answer = await this.ask("POST", "alias", this.ids());
    this.checkInbox();
    return answer;
  }

  track({ event, properties }) {
    const { anonymous_id, external_id } = this.ids();
    return this.ask("POST", "events", [{ name: event, anonymous_id, external_id, data: properties }]);
  }

  // `limit` is not the SDK's: it makes two pages of few messages.
  getNotifications({ cursor, limit } = {}) {
    const { anonymous_id, external_id } = this.ids();
    const query = new URLSearchParams(Object.entries({ cursor, limit }).filter(([, value]) => value !== undefined));
    const headers = { "x-anonymous-id": anonymous_id, ...(external_id === undefined ? {} : { "x-external-id": external_id }) };
    return this.ask("GET", `notifications${query.size ? `?${query}` : ""}`, undefined, { headers });
  }

  consumeNotification({ notificationId }) {
    return this.ask("PUT", `notifications/${notificationId}`, this.ids());
  }

  getTopics() {
    const { anonymous_id } = this.ids();
    return this.ask("GET", "subscriptions", undefined, { headers: { "x-anonymous-id": anonymous_id } });
  }

  // What the SDK does by itself: once somebody is known, and whenever the page comes to the front.
  async checkInbox() {
    if (!this.onMessage || this.externalId === undefined) return;
    const { status, body } = await this.getNotifications();
    if (status === 200) body.results.forEach(this.onMessage);
    else this.errors.push({ status, body });
  }
}

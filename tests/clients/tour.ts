// A tour of all APIs with a client that openapi-typescript makes of the description. tsc holds each line against the
// document's types; what is answered, node finds out.
import createClient from "openapi-fetch";
import type { components, paths } from "./nereid.js";

interface Demo {
  base_url: string;
  api_token: string;
  public_key: string;
  secret_key: string;
}

// All that is needed of node's types.
declare const process: { argv: string[] };
const demo: Demo = JSON.parse(process.argv[2] ?? "");
const baseUrl = demo.base_url;
const team = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${demo.api_token}` } });
const app = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${demo.public_key}` } });
const server = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${demo.secret_key}` } });
const shop = createClient<paths>({ baseUrl, headers: { Authorization: demo.api_token } });
const sales = createClient<paths>({ baseUrl, headers: { "X-API-Key": demo.api_token } });
const anybody = createClient<paths>({ baseUrl });
const run = Date.now().toString(36);
let steps = 0;

/** Return the data of a success; what is no success ends the tour. */
function ok<Data>(answer: { data?: Data; error?: unknown; response: Response }): Data {
  if (!answer.response.ok) {
    throw new Error(`${answer.response.url} answered ${answer.response.status}: ${JSON.stringify(answer.error)}`);
  }
  steps += 1;
  return answer.data as Data;
}

/** Fail unless two values are the same. */
function same<Value>(found: Value, expected: Value): void {
  if (JSON.stringify(found) !== JSON.stringify(expected)) {
    throw new Error(`${JSON.stringify(found)} is not ${JSON.stringify(expected)}`);
  }
}

// Neptune and its templates
const environment = "dev";
const event_type = `login-${run}`;
const user_id = `ts-${run}`;
const email = `${user_id}@example.com`;
const notification: components["schemas"]["EmailNotification"] = {
  name: "mail",
  channel: "email",
  template: { subject: "Code {{ otp }}", text: "{{ otp }}" },
};
ok(
  await team.PUT("/manage/{environment}/event_types/{event_type}", {
    params: { path: { environment, event_type } },
    body: { notifications: [notification] },
  }),
);
ok(await team.POST("/neptune/{environment}/users", { params: { path: { environment } }, body: { user_id } }));
ok(
  await team.POST("/neptune/{environment}/users/{user_id}/contacts_info", {
    params: { path: { environment, user_id } },
    body: { type: "email", value: email },
  }),
);
const shown = ok(
  await team.GET("/neptune/{environment}/users/{user_id}", {
    params: { path: { environment, user_id }, query: { includes: "contact_infos" } },
  }),
);
same(shown.contact_infos?.map((contact) => contact.value), [email]);
const accepted = ok(
  await anybody.POST("/neptune/events/ingest", {
    body: { environment, api_token: demo.api_token, event_type, user_id, data: { otp: 123456 } },
  }),
);

// Management: wait for the message
const { message_id } = accepted;
let delivery: components["schemas"]["Delivery"] | undefined;
for (let tries = 0; tries < 300 && delivery?.status !== "success"; tries += 1) {
  await new Promise((resume) => setTimeout(resume, 100));
  const path = { environment, message_id };
  const { data } = await team.GET("/manage/{environment}/messages/{message_id}", { params: { path } });
  delivery = data?.deliveries[0];
}
same([delivery?.to, delivery?.status], [email, "success"]);
const previews = ok(
  await team.POST("/manage/{environment}/previews", {
    params: { path: { environment } },
    body: { event_type, data: { otp: 1 } },
  }),
).previews;
same(previews[0]?.rendered, { subject: "Code 1", text: "1" });
const overview = ok(await team.GET("/manage/{environment}/overview", { params: { path: { environment } } }));
same(overview.accepted > 0, true);
const refused = await team.GET("/manage/{environment}/messages", {
  params: { path: { environment }, query: { limit: 101 } },
});
// Of a union, the member that only a 422 has says which it is.
same(refused.error !== undefined && "errors" in refused.error && refused.error.errors[0]?.field, "limit");

// The Client API
ok(await app.POST("/api/client/identify", { body: { external_id: user_id, data: { theme: "dark" } } }));
ok(await app.POST("/api/client/events", { body: [{ external_id: user_id, name: event_type, data: { otp: 2 } }] }));
const inbox = ok(
  await server.GET("/api/client/notifications", { params: { header: { "x-external-id": user_id } } }),
);
same(inbox.results, []);

// Vibetrace
const kim = `kim-${run}@example.com`;
same(ok(await shop.POST("/v1/user", { body: { email: kim, city: "Paris" } })).object["city"], "Paris");
const event = { user: { email: kim }, event: { update: { firstname: "Kim" } } };
ok(await shop.POST("/v1/event", { body: event, params: { header: { "Idempotency-Key": run } } }));
same(ok(await shop.GET("/v1/user/{email}", { params: { path: { email: kim } } })).email, kim);

// Neptie
const { lead } = ok(await sales.POST("/api/leads", { body: { full_name: "Ann Doe", email: `ann-${run}@example.com` } }));
const { campaign } = ok(await sales.POST("/api/campaigns", { body: { name: "Spring", type: "email" } }));
const some = { lead_ids: [lead.id] };
const assigned = ok(
  await sales.POST("/api/campaigns/{id}/assign-leads", { params: { path: { id: campaign.id } }, body: some }),
);
same(assigned.assigned_count, 1);
same(ok(await sales.POST("/api/ai/rank-leads", { body: some })).rankings[0]?.lead_id, lead.id);
const written = ok(
  await sales.POST("/api/ai/generate-email", { body: { lead_id: lead.id, campaign_id: campaign.id } }),
).email;
const sent = ok(
  await sales.POST("/api/email/send", {
    body: { lead_id: lead.id, campaign_id: campaign.id, subject: written.subject, content: written.content },
    params: { header: { "Idempotency-Key": run } },
  }),
);
same(sent.status, "queued");

// For everybody
same(ok(await anybody.GET("/health")).status, "ok");
console.log(`${steps} answers`);

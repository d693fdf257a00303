// A real, certified OpenID Connect provider (npm's oidc-provider) for the tests; `../oidc_provider.py` starts it.
//
// One process serves any number of issuers, each on a loopback port of its own, so that every test has one to itself
// in a few milliseconds. The first line on standard output is {"admin": URL}; the process ends with its standard input.
//
//   POST   /issuers        {options}  -> {"issuer": "http://127.0.0.1:PORT", "port": PORT}
//   POST   /issuers/PORT   {options}  changes them, at once; what was given out stays valid
//   GET    /issuers/PORT              {"requests": {PATH: how many}, "keys": [private JWK, the signing one first]}
//   DELETE /issuers/PORT
//   POST   /clock          {"offset": SECONDS}   moves this process's clock, and with it iat, exp and lifetimes
//
// oidc-provider 8 is the last major that runs on Node 18, which Debian 12 brings, as well as on 20 and later.

import { generateKeyPairSync } from 'node:crypto';
import http from 'node:http';
import { json, text } from 'node:stream/consumers';

import { errors, Provider } from 'oidc-provider';

const DEFAULTS = {
  keys: ['first'], // names of signing keys; the first one signs, all are in the JWKS; a new name makes a new key
  alg: 'RS256', // or PS256, ES256, EdDSA
  down: false, // nobody listens
  jwks: true, // false: the JWKS answers 500
  metadata: {}, // laid over the discovery document; null takes a member out
  verification_uri_complete: true,
  interval: 1, // of the device grant, seconds; null: the answer has none
  slow_down: 0, // how many of the next polls are answered slow_down
  opaque: false, // access tokens for a resource are opaque instead of JWT (RFC 9068)
  resources: true, // false: every resource indicator is refused
  lifetimes: {}, // AccessToken, IdToken, RefreshToken, DeviceCode: seconds
  claims: {}, // login -> claims of the account laid over the usual ones; null takes one out
};
const CLIENTS = [
  { client_id: 'jamtui', grants: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'] },
  { client_id: 'browser-only', grants: ['authorization_code', 'refresh_token'] },
];
const SUB = 'sub-of-'; // what a login's `sub` begins with: it is not the handle
const PATHS = ['/', '/callback', '/signed-in'];

// Standard output is for one line; nobody reads what comes after it.
console.log = console.info = console.warn = console.debug = console.error;

const realNow = Date.now;
let offset = 0;
Date.now = () => realNow() + offset * 1000;

const keys = new Map();
function key(name, alg) {
  const id = `${name} ${alg}`;
  if (!keys.has(id)) {
    const made = {
      ES: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
      Ed: () => generateKeyPairSync('ed25519'),
    }[alg.slice(0, 2)]?.() ?? generateKeyPairSync('rsa', { modulusLength: 2048 });
    keys.set(id, { ...made.privateKey.export({ format: 'jwk' }), kid: name, use: 'sig', alg });
  }
  return keys.get(id);
}

function without(object) {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null));
}

function account(options, login) {
  return without({
    preferred_username: login,
    name: `${login[0].toUpperCase()}${login.slice(1)} Example`,
    email: `${login}@example.org`,
    groups: [],
    ...options.claims[login],
  });
}

const escaped = (words) => words.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

// Every page has at most three forms, told apart by their id: login, confirm, abort.
function page(response, uid, prompt, words) {
  const fields = '<input name="login"><input name="password" type="password">';
  const form = prompt === 'login' ? `<form id="login" method="post" action="/interaction/${uid}/login">${fields}</form>`
    : `<form id="confirm" method="post" action="/interaction/${uid}/confirm"></form>`;
  response.setHeader('content-type', 'text/html; charset=utf-8');
  response.end(`<!doctype html><title>${escaped(words)}</title>${form}`
    + `<form id="abort" method="post" action="/interaction/${uid}/abort"></form>`);
}

class Issuer {
  constructor(options) {
    this.options = { ...DEFAULTS, ...options };
    this.requests = {};
    this.server = http.createServer((request, response) => this.answer(request, response));
  }

  async listen(port) {
    await new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, '127.0.0.1', resolve);
    });
  }

  async start() {
    await this.listen(0);
    this.port = this.server.address().port;
    this.url = `http://127.0.0.1:${this.port}`;
    this.build();
  }

  async change(options) {
    const wasDown = this.options.down;
    this.options = { ...this.options, ...options };
    this.build();
    if (this.options.down && !wasDown) await this.stop();
    if (!this.options.down && wasDown) await this.listen(this.port);
  }

  async stop() {
    const ended = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await ended;
  }

  build() {
    const { options } = this;
    const life = { AccessToken: 600, IdToken: 600, RefreshToken: 86400, DeviceCode: 300, ...options.lifetimes };
    const claimsOf = (id) => account(options, id.slice(SUB.length));
    this.provider = new Provider(this.url, {
      clients: CLIENTS.map(({ client_id, grants }) => ({
        client_id,
        client_name: client_id,
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        grant_types: grants,
        response_types: ['code'],
        redirect_uris: ['127.0.0.1', '[::1]'].flatMap((host) => PATHS.map((path) => `http://${host}${path}`)),
        id_token_signed_response_alg: options.alg,
      })),
      jwks: { keys: options.keys.map((name) => key(name, options.alg)) },
      cookies: { keys: ['of the tests'] },
      scopes: ['openid', 'profile', 'email', 'offline_access'],
      claims: { openid: ['sub'], profile: ['preferred_username', 'name', 'groups'], email: ['email'] },
      conformIdTokenClaims: false, // an ID token has the claims of its scopes, also beside an access token
      pkce: { required: () => true, methods: ['S256'] },
      issueRefreshToken: (_, client) => client.grantTypeAllowed('refresh_token'),
      rotateRefreshToken: true,
      ttl: { Interaction: 604800, Session: 604800, Grant: 604800, ...life }, // long: the browser has another clock
      findAccount: (_, id) => ({ accountId: id, claims: () => ({ ...claimsOf(id), sub: id }) }),
      extraTokenClaims: (_, token) => claimsOf(token.accountId),
      interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
      features: {
        devInteractions: { enabled: false },
        rpInitiatedLogout: { enabled: false },
        revocation: { enabled: true },
        deviceFlow: { enabled: true },
        resourceIndicators: {
          enabled: true,
          defaultResource: () => [],
          getResourceServerInfo: (_, resource) => {
            if (!options.resources) throw new errors.InvalidTarget();
            return {
              scope: '',
              audience: resource,
              accessTokenTTL: life.AccessToken,
              accessTokenFormat: options.opaque ? 'opaque' : 'jwt',
              jwt: { sign: { alg: options.alg } },
            };
          },
        },
      },
    });
    this.provider.use((ctx, next) => this.wrap(ctx, next));
    this.callback = this.provider.callback();
  }

  async wrap(ctx, next) {
    const { options } = this;
    if (ctx.method === 'POST' && ctx.path === '/token' && options.slow_down > 0) {
      ctx.req.body = await text(ctx.req);
      if (ctx.req.body.includes('device_code')) {
        options.slow_down -= 1;
        ctx.status = 400;
        ctx.body = { error: 'slow_down', error_description: 'polled too quickly' };
        return;
      }
    }
    if (ctx.path === '/jwks' && !options.jwks) {
      ctx.status = 500;
      ctx.body = { error: 'server_error' };
      return;
    }
    await next();
    if (ctx.path === '/.well-known/openid-configuration' && ctx.status === 200) {
      ctx.body = without({ ...ctx.body, ...options.metadata });
    }
    if (ctx.path === '/device/auth' && ctx.status === 200) {
      if (options.interval !== null) ctx.body.interval = options.interval;
      if (!options.verification_uri_complete) delete ctx.body.verification_uri_complete;
    }
  }

  async answer(request, response) {
    const { pathname } = new URL(request.url, this.url);
    this.requests[pathname] = (this.requests[pathname] ?? 0) + 1;
    const [, where, uid, what] = pathname.split('/');
    if (where !== 'interaction') {
      this.callback(request, response);
      return;
    }
    try {
      await this.interact(request, response, uid, what);
    } catch (error) {
      response.statusCode = 400;
      response.end(String(error));
    }
  }

  async interact(request, response, uid, what) {
    const { provider } = this;
    const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
    const finish = (result) => provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
    if (what === 'abort') {
      await finish({ error: 'access_denied', error_description: 'The person said no' });
    } else if (what === 'login') {
      const login = new URLSearchParams(await text(request)).get('login');
      await finish({ login: { accountId: `${SUB}${login}`, remember: false } });
    } else if (what === 'confirm') {
      const grant = (grantId && await provider.Grant.find(grantId))
        || new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
      const { missingOIDCScope, missingOIDCClaims, missingResourceScopes } = prompt.details;
      if (missingOIDCScope) grant.addOIDCScope(missingOIDCScope.join(' '));
      if (missingOIDCClaims) grant.addOIDCClaims(missingOIDCClaims);
      for (const [resource, scopes] of Object.entries(missingResourceScopes ?? {})) {
        grant.addResourceScope(resource, scopes.join(' '));
      }
      await finish({ consent: { grantId: await grant.save() } });
    } else {
      page(response, uid, prompt.name, `${prompt.name} for ${params.client_id}`);
    }
  }
}

const issuers = new Map();

async function administer(request) {
  const [, where, port] = request.url.split('/');
  const asked = request.method === 'POST' ? await json(request) : {};
  if (where === 'clock') {
    offset = asked.offset;
    return {};
  }
  const issuer = port ? issuers.get(Number(port)) : new Issuer(asked);
  if (!port) {
    await issuer.start();
    issuers.set(issuer.port, issuer);
  } else if (request.method === 'POST') {
    await issuer.change(asked);
  } else if (request.method === 'DELETE') {
    issuers.delete(issuer.port);
    if (!issuer.options.down) await issuer.stop();
  }
  const { keys: names, alg } = issuer.options;
  return {
    issuer: issuer.url, port: issuer.port, requests: issuer.requests, keys: names.map((name) => key(name, alg)),
  };
}

const admin = http.createServer(async (request, response) => {
  try {
    response.end(JSON.stringify(await administer(request)));
  } catch (error) {
    console.error(error);
    response.statusCode = 500;
    response.end(JSON.stringify({ error: String(error) }));
  }
});
admin.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ admin: `http://127.0.0.1:${admin.address().port}` })}\n`);
});
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));

import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type { PartialJSONObject } from '@lumino/coreutils';

import type { Failure } from './documents';

/** Body of every answer that is no success. */
export type IFailure = Readonly<Failure>;

export type Query = Record<
  string,
  string | number | boolean | undefined | null
>;

/**
 * The server refused, and said why.
 */
export class ApiError extends ServerConnection.ResponseError {
  constructor(
    response: Response,
    readonly failure: IFailure
  ) {
    super(response, failure.message);
    this.name = 'ApiError';
  }

  get status(): number {
    return this.response.status;
  }

  static async from(response: Response): Promise<ApiError> {
    const body = parse(await response.text());
    const told = typeof body === 'object' && body !== null ? body : {};
    return new ApiError(response, {
      message: `${response.status} ${response.statusText}`,
      reason: response.statusText,
      ...told
    });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A proxy between the browser and the server answers with a page.
    return null;
  }
}

/**
 * Asks below the address of the server extension.
 */
export class Requests {
  constructor(private readonly settings: ServerConnection.ISettings) {}

  /**
   * Ask a route for JSON.
   */
  async get<T>(path: string, query: Query = {}): Promise<T> {
    const response = await this.fetch(path, query);
    return (await response.json()) as T;
  }

  /**
   * The same for what is no JSON.
   */
  async bytes(path: string, query: Query = {}): Promise<ArrayBuffer> {
    return (await this.fetch(path, query)).arrayBuffer();
  }

  /**
   * Change something.
   */
  async send<T>(
    method: 'POST' | 'DELETE',
    path: string,
    query: Query = {},
    body?: PartialJSONObject
  ): Promise<T> {
    const init = body ? { method, body: JSON.stringify(body) } : { method };
    const response = await this.fetch(path, query, init);
    const text = await response.text();
    return (text ? JSON.parse(text) : null) as T;
  }

  protected async fetch(
    path: string,
    query: Query,
    init: RequestInit = {}
  ): Promise<Response> {
    const response = await ServerConnection.makeRequest(
      this.url(path, query),
      init,
      this.settings
    );
    if (!response.ok) {
      throw await ApiError.from(response);
    }
    return response;
  }

  protected url(path: string, query: Query): string {
    const url = URLExt.join(this.settings.baseUrl, 'kitaru/api', path);
    const given = Object.entries(query).filter(
      ([, value]) => value !== undefined && value !== null && value !== ''
    );
    const text = new URLSearchParams(
      given.map(([name, value]) => [name, String(value)])
    ).toString();
    return text ? `${url}?${text}` : url;
  }
}

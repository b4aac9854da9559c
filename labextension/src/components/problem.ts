import { ApiError } from '../api';

/**
 * What went wrong, and what to do next if the server says so.
 */
export function problemText(error: unknown): string {
  if (error instanceof ApiError) {
    const { message, next } = error.failure;
    return next ? `${message} → ${next}` : message;
  }
  return error instanceof Error ? error.message : String(error);
}

import {
  nullTranslator,
  type TranslationBundle
} from '@jupyterlab/translation';
import { createContext, useContext, useEffect, useState } from 'react';

import type { IExecutionRef } from '../api';
import type { IExecutionModel } from '../tokens';

/**
 * What every component may use.
 */
export interface IEnvironment {
  readonly trans: TranslationBundle;
  /** Null where there is no server to ask. */
  readonly model: IExecutionModel | null;
  /** The execution that is shown, if the server knows it; only then there are answers, logs and details. */
  readonly live: IExecutionRef | null;
  /** Whether that is not known yet, as the server has not answered so far. */
  readonly asking?: boolean | undefined;
  /** Show an execution in a document of its own, where the application can. */
  readonly open?: ((ref: IExecutionRef) => void) | undefined;
}

export const Environment = createContext<IEnvironment>({
  trans: nullTranslator.load('kitaru'),
  model: null,
  live: null
});

export function useEnvironment(): IEnvironment {
  return useContext(Environment);
}

/**
 * The time in seconds since the epoch, once a second while `ticking`.
 */
export function useNow(ticking: boolean): number {
  const [now, setNow] = useState(() => Date.now() / 1000);
  useEffect(() => {
    if (!ticking) {
      return;
    }
    setNow(Date.now() / 1000);
    const timer = window.setInterval(() => {
      if (!document.hidden) {
        setNow(Date.now() / 1000);
      }
    }, 1000);
    return () => {
      window.clearInterval(timer);
    };
  }, [ticking]);
  return now;
}

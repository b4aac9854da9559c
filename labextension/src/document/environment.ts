import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { CommandRegistry } from '@lumino/commands';
import { createContext, useContext } from 'react';

/**
 * What the parts of a document may use of the application.
 */
export interface IApplication {
  readonly commands: CommandRegistry;
  readonly rendermime: IRenderMimeRegistry | null;
}

export const Application = createContext<IApplication | null>(null);

export function useApplication(): IApplication {
  const application = useContext(Application);
  if (!application) {
    throw new Error('The component is drawn outside of a document.');
  }
  return application;
}

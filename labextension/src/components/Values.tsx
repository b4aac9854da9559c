import * as React from 'react';

import type { ValueView } from '../documents';
import { Heading } from './Heading';
import { ValuePreview } from './ValuePreview';

/**
 * Values below a title: several by their names, or one that needs none.
 */
export function Values(props: {
  title: string;
  values: [string, ValueView][];
}): React.JSX.Element {
  return (
    <section>
      <Heading>{props.title}</Heading>
      {props.values.map(([name, value]) =>
        name === '' ? <ValuePreview key={name} value={value} /> : null
      )}
      {props.values.some(([name]) => name !== '') && (
        <dl>
          {props.values.map(([name, value]) => (
            <React.Fragment key={name}>
              <dt>{name}</dt>
              <dd>
                <ValuePreview value={value} />
              </dd>
            </React.Fragment>
          ))}
        </dl>
      )}
    </section>
  );
}

import * as React from 'react';

import type { ICallDetail } from '../api';
import type { CallView } from '../documents';
import { useEnvironment } from './context';
import { Failure } from './Failure';
import { Heading } from './Heading';
import { Logs } from './Logs';
import { Values } from './Values';

/**
 * What went in, what came out and why; asked of the server, where it knows more than the row.
 */
export function CallDetails(props: {
  call: CallView;
  /** More to show of it, once everything is known. */
  more?: (detail: ICallDetail) => React.ReactNode;
}): React.JSX.Element {
  const { call } = props;
  const { trans } = useEnvironment();
  const [detail, problem] = useDetail(call);
  const shown = detail ?? call;
  const inputs = Object.entries(shown.inputs);
  const why = detail?.explanation ?? shown.why;
  return (
    <div className="jp-kitaru-details">
      {problem && <div role="alert">{problem}</div>}
      {shown.failure && <Failure failure={shown.failure} />}
      {shown.stream && (
        <pre
          tabIndex={0}
          aria-label={trans.__('What the model has said so far')}
        >
          {shown.stream}
        </pre>
      )}
      {inputs.length > 0 && (
        <Values title={trans.__('Inputs')} values={inputs} />
      )}
      {shown.output && (
        <Values title={trans.__('Result')} values={[['', shown.output]]} />
      )}
      {detail && Object.keys(detail.metadata).length > 0 && (
        <section>
          <Heading>{trans.__('Metadata')}</Heading>
          <pre tabIndex={0} aria-label={trans.__('Metadata')}>
            {JSON.stringify(detail.metadata, null, 2)}
          </pre>
        </section>
      )}
      {why && <p className="jp-kitaru-dim">{why}</p>}
      {detail && props.more?.(detail)}
      <Logs lines={[]} call={call.name} />
    </div>
  );
}

/**
 * Everything that is known of a call, read anew when its row changes.
 */
function useDetail(call: CallView): [ICallDetail | null, string | null] {
  const { model, live } = useEnvironment();
  const [detail, setDetail] = React.useState<ICallDetail | null>(null);
  const [problem, setProblem] = React.useState<string | null>(null);
  const { name, status, attempts } = call;
  React.useEffect(() => {
    let current = true;
    if (model && live) {
      model.api.call(live, name).then(
        answer => {
          if (current) {
            setDetail(answer);
            setProblem(null);
          }
        },
        (error: unknown) => {
          if (current) {
            setProblem(error instanceof Error ? error.message : String(error));
          }
        }
      );
    }
    return () => {
      current = false;
    };
  }, [model, live, name, status, attempts]);
  return [detail, problem];
}

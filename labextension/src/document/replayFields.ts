import * as React from 'react';

import { executionPath, type ICallDetail } from '../api';
import { useEnvironment } from '../components/context';
import { typeName } from '../components/format';
import type {
  ExecutionView,
  ParameterView,
  ValueView,
  WaitView
} from '../documents';
import type { IField } from './Field';
import { editableOf } from './values';

/**
 * What the flow and its checkpoints take, as recorded with the code; null before it is known.
 */
function useParameters(): readonly ParameterView[] | null {
  const { model, live } = useEnvironment();
  const [found, setFound] = React.useState<ParameterView[] | null>(null);
  React.useEffect(() => {
    let current = true;
    if (model && live) {
      model.api
        .get<ParameterView[]>(executionPath(live, 'parameters'), {
          home: live.home
        })
        .then(
          parameters => {
            if (current) {
              setFound(parameters);
            }
          },
          () => {
            // Without types the fields are those of the recorded values.
            setFound([]);
          }
        );
    }
    return () => {
      current = false;
    };
  }, [model, live]);
  return found;
}

function useCallDetail(name: string): ICallDetail | null {
  const { model, live } = useEnvironment();
  const [call, setCall] = React.useState<ICallDetail | null>(null);
  React.useEffect(() => {
    let current = true;
    setCall(null);
    if (name && model && live) {
      model.api.call(live, name).then(
        detail => {
          if (current) {
            setCall(detail);
          }
        },
        () => {
          // The plan says that there is no such call.
        }
      );
    }
    return () => {
      current = false;
    };
  }, [model, live, name]);
  return call;
}

/**
 * The arguments that can be changed: those of the flow, and of the call at which it sets in; and the answers.
 */
export function useFields(view: ExecutionView, at: string): IField[] {
  const { trans } = useEnvironment();
  const parameters = useParameters();
  const call = useCallDetail(at);
  return React.useMemo(() => {
    if (parameters === null) {
      return [];
    }
    const fields = (
      scope: IField['scope'],
      owner: string,
      of: string | null,
      inputs: Record<string, ValueView>
    ): IField[] =>
      Object.entries(inputs).map(([name, value]) => {
        const known = parameters.find(
          one => one.of === of && one.name === name
        );
        return {
          key: `${scope} ${owner} ${name}`,
          scope,
          owner,
          name,
          title: scope === 'flow' ? name : trans.__('%1 of %2', name, owner),
          type: known?.annotation ?? (value.type && typeName(value.type)),
          editable: editableOf(value, known?.json_schema ?? null)
        };
      });
    const answered = view.rows.flatMap(row =>
      row.kind === 'wait' && row.status === 'answered' && row.answer !== null
        ? [answerField(row, row.answer)]
        : []
    );
    return [
      ...fields('flow', view.flow, null, view.inputs),
      ...(call ? fields('call', call.name, call.checkpoint, call.inputs) : []),
      ...answered
    ];
  }, [view, call, parameters]);
}

function answerField(wait: WaitView, answer: string): IField {
  const { name, question, json_schema: schema } = wait;
  const isTold = schema !== null && Object.keys(schema).length > 0;
  return {
    key: `answer ${name}`,
    scope: 'answer',
    owner: name,
    name,
    title: question ?? name,
    type: null,
    editable: editableOf(answerValue(answer), isTold ? schema : null)
  };
}

/**
 * An answer is told as one line of Python.
 */
function answerValue(answer: string): ValueView {
  const text = /^(['"])(.*)\1$/s.exec(answer)?.[2];
  return {
    text: answer,
    type: null,
    size: null,
    artifact_id: null,
    preview:
      text === undefined ? { kind: 'text' } : { kind: 'text', value: text }
  };
}

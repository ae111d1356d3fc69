import type { JSX } from 'preact'
import type { Lane } from '../acts/acts.js'
import { useActs } from '../acts/context.js'
import { explained } from '../settings/explain.js'
import { language, words } from '../text/words.js'

/** Which two are asked: models, and what differs between them. */
export function LanePicker(props: { lanes: readonly Lane[]; onChange: (lanes: readonly Lane[]) => void }): JSX.Element {
  const { desk } = useActs()
  const w = words.value
  const change = (at: number, lane: Lane): void => props.onChange(props.lanes.map((old, i) => (i === at ? lane : old)))
  return (
    <fieldset class="lane-picker">
      <legend>{w.compareWith}</legend>
      {props.lanes.map((lane, i) => (
        <div key={i} class="lane-choice">
          <strong>{i === 0 ? w.laneA : w.laneB}</strong>
          <select
            aria-label={`${w.model} ${i === 0 ? w.laneA : w.laneB}`}
            value={lane.model}
            onChange={(event) => change(i, { ...lane, model: event.currentTarget.value })}
          >
            {desk.entries.value.map(({ name }) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
          <label>
            T
            <input
              type="number"
              aria-label={`${explained[language.value].temperature.label} ${i === 0 ? w.laneA : w.laneB}`}
              min={0}
              max={2}
              step={0.1}
              value={lane.settings.temperature ?? 1}
              onInput={(event) => {
                const temperature = event.currentTarget.valueAsNumber
                if (Number.isFinite(temperature)) change(i, { ...lane, settings: { ...lane.settings, temperature } })
              }}
            />
          </label>
        </div>
      ))}
    </fieldset>
  )
}

// What the application of these programs has: three services, each of which needs what the one before it gave.

/** What the tools do; `log` has their calls. */
export class Tools {
  readonly log: string[] = []

  findCity({ city }: { city: string }): string {
    this.log.push(`find_city ${city}`)
    return city === 'Oslo' ? '17' : 'no such city'
  }

  getWeather({ id }: { id: number }): string {
    this.log.push(`get_weather ${id}`)
    return id === 17 ? '4 degrees in place 17' : 'no such place'
  }

  sendMail({ text }: { text: string }): string {
    this.log.push(`send_mail ${text}`)
    return `sent: ${text}`
  }
}

/** Of whichever program runs. */
export const tools = new Tools()

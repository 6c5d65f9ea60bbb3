import { render } from 'preact'
import 'uplot/dist/uPlot.min.css'
import './style.css'
import { App } from './app.js'
import { Store } from './store.js'

const store = new Store()
store.connect()
render(<App store={store} />, document.getElementById('page')!)

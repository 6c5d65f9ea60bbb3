import { render } from 'preact'
render(<p>dstream</p>, document.getElementById('page')!)

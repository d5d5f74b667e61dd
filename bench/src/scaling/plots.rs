//! Pictures of the findings, as SVG.

use plotters::coord::Shift;
use plotters::prelude::*;
use testbed::BedError;

use super::MANY;
use super::findings::{Findings, Size};

const SIZE: (u32, u32) = (720, 400);
const FONT: &str = "sans-serif";
/// Apart in brightness too, for whoever sees no colours.
const COLOURS: [RGBColor; 3] = [RGBColor(0, 82, 155), RGBColor(214, 96, 20), RGBColor(90, 160, 60)];
/// The most that a DNS message can be, over TCP too (RFC 1035 section 4.2.2).
const DNS_LIMIT: f64 = 65_535.0;
/// What resolvers take over UDP: beyond it they ask again over TCP.
const DNS_UDP: f64 = 1_232.0;

type Failed = DrawingAreaErrorKind<std::io::Error>;

/// One line of a picture.
struct Line {
    name: &'static str,
    points: Vec<(f64, f64)>,
}

/// A picture: lines over a common scale.
struct Picture {
    title: String,
    across: &'static str,
    up: &'static str,
    lines: Vec<Line>,
}

/// Each picture under its name.
pub(super) fn all(findings: &Findings) -> Result<Vec<(&'static str, String)>, BedError> {
    let pictures = [("memory", memory(findings)), ("checks", checks(findings)), ("dns", dns(findings))];
    let mut all = Vec::new();
    for (name, picture) in pictures.into_iter().chain([("arrival", arrival(findings)), ("calls", calls(findings))]) {
        all.push((
            name,
            picture.drawn().map_err(|error| BedError::Unexpected(format!("cannot draw {name}: {error}")))?,
        ));
    }
    Ok(all)
}

fn by_size(findings: &Findings, name: &'static str, value: impl Fn(&Size) -> f64) -> Line {
    let points = findings.sizes.iter().map(|size| (f64::from(size.addresses), value(size))).collect();
    Line { name, points }
}

fn memory(findings: &Findings) -> Picture {
    Picture {
        title: "Envoy's memory by servers".to_owned(),
        across: "addresses",
        up: "resident MB",
        lines: vec![
            by_size(findings, "health checks only", |size| size.memory.envoy_rest),
            by_size(findings, "after calls to all", |size| size.memory.envoy_used),
        ],
    }
}

fn checks(findings: &Findings) -> Picture {
    Picture {
        title: "CPU without a single call, one Envoy".to_owned(),
        across: "addresses",
        up: "% of a core",
        lines: vec![
            by_size(findings, "health checks, Envoy", |size| size.rest.envoy_percent),
            by_size(findings, "health checks, all servers", |size| size.rest.servers_percent),
            by_size(findings, "DNS, Envoy", |size| size.rest.dns_percent),
        ],
    }
}

fn calls(findings: &Findings) -> Picture {
    let cost = |connections: usize| {
        move |size: &Size| {
            size.calls.iter().find(|call| call.connections == connections).map_or(0.0, |call| call.envoy_us)
        }
    };
    Picture {
        title: "Envoy's CPU for one call".to_owned(),
        across: "addresses",
        up: "microseconds",
        lines: vec![
            by_size(findings, "8 callers, one call each", cost(8)),
            by_size(findings, "4 connections, 25 calls each", cost(4)),
        ],
    }
}

/// Beyond the measured sizes by the measured slope, to where no answer can be longer.
fn dns(findings: &Findings) -> Picture {
    let cost = |name: &str| findings.costs.get(name).copied().unwrap_or_default();
    let (base, each) = (cost("dns_base_bytes"), cost("dns_address_bytes"));
    let last = ((DNS_LIMIT - base) / each).floor();
    let flat = |name, bytes: f64| Line { name, points: vec![(0.0, bytes / 1e3), (last, bytes / 1e3)] };
    Picture {
        title: format!("The DNS answer: at most {last:.0} addresses fit"),
        across: "addresses",
        up: "kB",
        lines: vec![
            Line { name: "answer", points: vec![(0.0, base / 1e3), (last, (base + each * last) / 1e3)] },
            flat("most that DNS can say", DNS_LIMIT),
            flat("TCP beyond", DNS_UDP),
        ],
    }
}

fn arrival(findings: &Findings) -> Picture {
    let many = findings.sizes.iter().find(|size| size.addresses == MANY);
    let course = many.map(|size| size.arrival.course.as_slice()).unwrap_or_default();
    let line = |name, value: fn(&super::findings::Moment) -> usize| Line {
        name,
        points: course.iter().map(|moment| (moment.seconds, value(moment) as f64)).collect(),
    };
    Picture {
        title: format!("100 addresses more beside {}", many.map_or(0, |size| size.addresses)),
        across: "seconds since the first DNS answer with them",
        up: "new addresses",
        lines: vec![line("healthy", |moment| moment.healthy), line("have had a call", |moment| moment.served)],
    }
}

/// A number on a scale, without zeros that say nothing.
fn label(value: f64) -> String {
    format!("{value:.2}").trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl Picture {
    fn drawn(&self) -> Result<String, Failed> {
        let mut svg = String::new();
        {
            let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
            self.draw_on(&area)?;
            area.present()?;
        }
        Ok(svg)
    }

    fn draw_on(&self, area: &DrawingArea<SVGBackend<'_>, Shift>) -> Result<(), Failed> {
        area.fill(&WHITE)?;
        let points = || self.lines.iter().flat_map(|line| &line.points);
        let most = |part: fn(&(f64, f64)) -> f64| points().map(part).fold(f64::MIN_POSITIVE, f64::max);
        let (right, top) = (most(|point| point.0), most(|point| point.1) * 1.1);
        let mut chart = ChartBuilder::on(area)
            .caption(&self.title, (FONT, 20))
            .margin(12)
            .margin_right(32)
            .x_label_area_size(44)
            .y_label_area_size(60)
            .build_cartesian_2d(0.0..right, 0.0..top)?;
        chart
            .configure_mesh()
            .x_desc(self.across)
            .y_desc(self.up)
            .label_style((FONT, 14))
            .x_label_formatter(&|value| label(*value))
            .y_label_formatter(&|value| label(*value))
            .light_line_style(TRANSPARENT)
            .draw()?;
        for (line, colour) in self.lines.iter().zip(COLOURS) {
            let style = colour.stroke_width(2);
            chart
                .draw_series(LineSeries::new(line.points.iter().copied(), style))?
                .label(line.name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], style));
            chart.draw_series(line.points.iter().map(|point| Circle::new(*point, 3, colour.filled())))?;
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::MiddleRight)
            .label_font((FONT, 14))
            .background_style(WHITE.mix(0.8))
            .border_style(BLACK.mix(0.3))
            .draw()
    }
}

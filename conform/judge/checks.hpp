// One check a clause that a capture can tell about. Each looks at its clause alone: what belongs to another
// clause is that one's to say, so that one fault is reported once.
#pragma once

#include "pvh/judge/clauses.hpp"

namespace pvh::conform {

Judgement note_1(const Evidence& evidence);
Judgement note_2(const Evidence& evidence);
Judgement note_3(const Evidence& evidence);
Judgement note_4(const Evidence& evidence);
Judgement note_5(const Evidence& evidence);
Judgement note_6(const Evidence& evidence);
Judgement note_7(const Evidence& evidence);

Judgement start_1(const Evidence& evidence);
Judgement start_2(const Evidence& evidence);
Judgement start_3(const Evidence& evidence);
Judgement start_4(const Evidence& evidence);
Judgement start_5(const Evidence& evidence);
Judgement start_6(const Evidence& evidence);
Judgement start_7(const Evidence& evidence);
Judgement start_8(const Evidence& evidence);

Judgement map_1(const Evidence& evidence);
Judgement map_2(const Evidence& evidence);
Judgement map_3(const Evidence& evidence);
Judgement map_4(const Evidence& evidence);
Judgement map_5(const Evidence& evidence);

Judgement cpu_1(const Evidence& evidence);
Judgement cpu_2(const Evidence& evidence);
Judgement cpu_3(const Evidence& evidence);
Judgement cpu_4(const Evidence& evidence);
Judgement cpu_5(const Evidence& evidence);

Judgement place_1(const Evidence& evidence);
Judgement place_2(const Evidence& evidence);
Judgement place_3(const Evidence& evidence);

}  // namespace pvh::conform
